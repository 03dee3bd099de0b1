// Writes a user's message: shown at once, stored once, and given back with its key when it could not be stored.
import { useMutation } from "@apollo/client/react";
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";

import { accepted, wordsFor } from "../api/failures";
import { Icon } from "../shell/Icon";
import { Notice } from "../shell/Notice";
import { StoreMessage } from "./documents";
import { addMessage, draft } from "./store";

interface Unsent {
  text: string;
  key: string;
  why: string;
}

export function Composer({ session, onSend }: { session: string; onSend: () => void }) {
  const [text, setText] = useState("");
  const [unsent, setUnsent] = useState<Unsent | null>(null);
  const [store] = useMutation(StoreMessage);
  const form = useRef<HTMLFormElement>(null);

  async function send(event: FormEvent) {
    event.preventDefault();
    if (!text.trim()) return;
    // The same text again under the same key is the same message: the first try may have reached the server.
    const key = unsent?.text === text ? unsent.key : crypto.randomUUID();
    setText("");
    setUnsent(null);
    onSend();
    try {
      const { data } = await store({
        variables: { input: { sessionId: session, message: { chat: { role: "USER", content: text } }, idempotencyKey: key } },
        optimisticResponse: {
          __typename: "Mutation",
          storeMessage: { __typename: "StoreMessagePayload", messageEdge: draft(text, key), errors: [] },
        },
        update: (cache, { data }) =>
          data?.storeMessage?.messageEdge && addMessage(cache, session, data.storeMessage.messageEdge),
      });
      accepted(data?.storeMessage);
    } catch (error) {
      setUnsent({ text, key, why: wordsFor(error) });
      setText((written) => written || text);
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    form.current?.requestSubmit();
  }

  return (
    <form ref={form} className="composer" onSubmit={(event) => void send(event)}>
      {unsent && <Notice>Not sent. {unsent.why}</Notice>}
      <div className="box">
        <textarea
          aria-label="Message"
          aria-describedby="composer-hint"
          placeholder="Write a message…"
          rows={1}
          value={text}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="primary icon" aria-label="Send" aria-disabled={!text.trim()}>
          <Icon name="send" />
        </button>
      </div>
      <p id="composer-hint" className="hint">
        Enter sends, Shift+Enter makes a new line.
      </p>
    </form>
  );
}
