// What can be done with an open session beside talking: keep it on top, put it away, delete it.
import { Icon } from "../shell/Icon";
import type { SessionRowFragment } from "../generated/graphql";
import { DeleteSession } from "./DeleteSession";

interface Props {
  session: SessionRowFragment;
  onChange: (change: { pinned: boolean } | { archived: boolean }) => void;
}

export function SessionActions({ session, onChange }: Props) {
  const [pinned, archived] = [session.pinnedAt !== null, session.archivedAt !== null];
  return (
    <div className="actions">
      <button
        type="button"
        className="icon marked"
        aria-label="Pin session"
        aria-pressed={pinned}
        onClick={() => onChange({ pinned: !pinned })}
      >
        <Icon name="pin" />
      </button>
      <button
        type="button"
        className="icon marked"
        aria-label="Archive session"
        aria-pressed={archived}
        onClick={() => onChange({ archived: !archived })}
      >
        <Icon name="archive" />
      </button>
      <DeleteSession session={session} />
    </div>
  );
}
