// Where a message is written.
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";

import { Icon } from "../shell/Icon";

export function Composer({ onSend }: { onSend: (text: string) => void }) {
  const [text, setText] = useState("");
  const form = useRef<HTMLFormElement>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!text.trim()) return;
    onSend(text);
    setText("");
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    form.current?.requestSubmit();
  }

  return (
    <form ref={form} className="composer" onSubmit={submit}>
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
