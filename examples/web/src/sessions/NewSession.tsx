// Makes a session and opens it.
import { useMutation } from "@apollo/client/react";
import { type FormEvent, useRef, useState } from "react";

import { accepted, wordsFor } from "../api/failures";
import { Icon } from "../shell/Icon";
import { Notice } from "../shell/Notice";
import { linkTo } from "../shell/place";
import { CreateSession } from "./documents";
import { putSession } from "./store";

export function NewSession() {
  const [title, setTitle] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const [create, { loading }] = useMutation(CreateSession);
  const key = useRef(crypto.randomUUID()); // the same until it is done: a lost answer makes no second session

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (loading) return;
    setFailure(null);
    try {
      const { data } = await create({
        variables: { input: { title: title.trim() || null, idempotencyKey: key.current } },
        update: (cache, { data }) =>
          data?.createSession?.sessionEdge && putSession(cache, data.createSession.sessionEdge),
      });
      const { sessionEdge } = accepted(data?.createSession);
      key.current = crypto.randomUUID();
      setTitle("");
      if (sessionEdge) location.hash = linkTo(sessionEdge.node.id);
    } catch (error) {
      setFailure(wordsFor(error));
    }
  }

  function change(text: string) {
    setTitle(text);
    key.current = crypto.randomUUID(); // other input wants another key
  }

  return (
    <form className="new-session" onSubmit={(event) => void submit(event)}>
      <div className="field-row">
        <input
          aria-label="Title of a new session"
          placeholder="New session…"
          value={title}
          onChange={({ target }) => change(target.value)}
        />
        <button type="submit" className="primary icon" aria-label="Create session" aria-disabled={loading}>
          <Icon name="plus" />
        </button>
      </div>
      {failure && <Notice>{failure}</Notice>}
    </form>
  );
}
