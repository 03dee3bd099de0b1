// A message that is not stored yet.
import type { Draft } from "./useDrafts";

interface Props {
  draft: Draft;
  onAgain: () => void;
  onDrop: () => void;
}

export function DraftRow({ draft, onAgain, onDrop }: Props) {
  return (
    <li className="message" data-id={draft.key} data-role="USER" data-draft>
      <div className="byline">
        <span className="speaker">You</span>
        {draft.failure ? "Not sent" : "Sending…"}
      </div>
      <p className="text">{draft.text}</p>
      {draft.failure && (
        <div className="notice" role="alert">
          <p>{draft.failure}</p>
          <button type="button" className="quiet" onClick={onAgain}>
            Send again
          </button>
          <button type="button" className="quiet" onClick={onDrop}>
            Discard
          </button>
        </div>
      )}
    </li>
  );
}
