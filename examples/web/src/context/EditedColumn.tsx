// A conversation as some strategies leave it, held against what is stored.
import type { EditedViewFragment, MessageContentFragment } from "../generated/graphql";
import { type Fate, type Row, differences, gist } from "./differences";

interface Props {
  name: string;
  stored: readonly MessageContentFragment[];
  edited: EditedViewFragment;
}

const NAMES: Record<Fate, string> = { kept: "Kept", changed: "Changed", gone: "Gone" };

export function EditedColumn({ name, stored, edited }: Props) {
  const rows = differences(stored, edited);
  const count = (fate: Fate) => rows.filter((row) => row.fate === fate).length;
  const tokens = edited.tokenCount ?? 0;
  const all = edited.edits?.tokensBefore ?? tokens;
  return (
    <section className="edited" aria-label={name}>
      <p className="tokens">
        <strong>{tokens.toLocaleString()}</strong> of {all.toLocaleString()} tokens
      </p>
      <div className="share" aria-hidden="true" style={{ "--share": all && tokens / all }} />
      <p className="counts">
        {count("kept")} kept, {count("changed")} changed, {count("gone")} gone
      </p>
      <ol>
        {rows.map((row) => (
          <li key={row.stored.id} data-id={row.stored.id} data-fate={row.fate}>
            <span className="fate">{NAMES[row.fate]}</span>
            <span className="role">{row.now.role.toLowerCase()}</span>
            <span className="gist">{gist(row.now)}</span>
            <Size {...row} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** How many tokens a message has, and before that how many it had, where that is another number. */
function Size({ fate, stored, now }: Row) {
  const isGone = fate === "gone";
  return (
    <span className="size">
      {(isGone || now.tokenCount !== stored.tokenCount) && <del>{told(stored.tokenCount)}</del>}
      {!isGone && <b>{told(now.tokenCount)}</b>}
      <span className="visually-hidden"> tokens</span>
    </span>
  );
}

function told(tokens: number | null): string {
  return tokens?.toLocaleString() ?? "?";
}
