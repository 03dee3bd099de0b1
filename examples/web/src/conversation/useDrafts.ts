// Messages on their way: shown at once, stored once, and kept until they are, or are given up.
// They stand beside the cache: while an optimistic answer is in it, Apollo Client shows nothing else of the same list.
import { useMutation } from "@apollo/client/react";
import { useRef, useState } from "react";

import { accepted, wordsFor } from "../api/failures";
import { StoreMessage } from "./documents";
import { addMessage } from "./store";

export interface Draft {
  key: string; // the idempotency key, by which the stored message is known
  text: string;
  failure: string | null; // null while it is sent
}

export function useDrafts(session: string) {
  const [drafts, setDrafts] = useState<Draft[]>([]);
  const [store] = useMutation(StoreMessage);
  const own = useRef(new Set<string>());

  async function deliver({ key, text }: Draft) {
    try {
      const { data } = await store({
        variables: {
          input: { sessionId: session, message: { chat: { role: "USER", content: text } }, idempotencyKey: key },
        },
        update: (cache, { data }) =>
          data?.storeMessage?.messageEdge && addMessage(cache, session, data.storeMessage.messageEdge),
      });
      accepted(data?.storeMessage);
      drop(key);
    } catch (error) {
      const failure = wordsFor(error);
      setDrafts((all) => all.map((one) => (one.key === key ? { ...one, failure } : one)));
    }
  }

  function send(text: string) {
    const draft = { key: crypto.randomUUID(), text, failure: null };
    own.current.add(draft.key);
    setDrafts((all) => [...all, draft]);
    void deliver(draft);
  }

  /** Under the same key it is the same message: the first try may have reached the server. */
  function sendAgain(draft: Draft) {
    setDrafts((all) => all.map((one) => (one === draft ? { ...one, failure: null } : one)));
    void deliver(draft);
  }

  function drop(key: string) {
    setDrafts((all) => all.filter((one) => one.key !== key));
  }

  return { drafts, send, sendAgain, drop, isOwn: (key: string | null) => key !== null && own.current.has(key) };
}
