// Asks once more before something is gone for good. Escape and the first button keep it.
import { type ReactNode, useId, useRef, useState } from "react";

import { wordsFor } from "../api/failures";
import { Icon } from "./Icon";
import { Notice } from "./Notice";

interface Props {
  label: string;
  question: string;
  children: ReactNode;
  onConfirm: () => Promise<void>;
}

export function Confirm({ label, question, children, onConfirm }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const heading = useId();

  async function confirm() {
    if (busy) return;
    setBusy(true);
    setFailure(null);
    try {
      await onConfirm();
      dialog.current?.close();
    } catch (error) {
      setFailure(wordsFor(error));
    }
    setBusy(false);
  }

  return (
    <>
      <button type="button" className="icon" aria-label={label} onClick={() => dialog.current?.showModal()}>
        <Icon name="trash" />
      </button>
      <dialog ref={dialog} aria-labelledby={heading} onKeyDown={(event) => event.stopPropagation()}>
        <h2 id={heading}>{question}</h2>
        <p>{children}</p>
        {failure && <Notice>{failure}</Notice>}
        <div className="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" className="danger" aria-disabled={busy} onClick={() => void confirm()}>
            Delete
          </button>
        </div>
      </dialog>
    </>
  );
}
