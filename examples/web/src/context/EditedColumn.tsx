// A conversation as some strategies leave it, held against what is stored.
import type { EditedViewFragment } from "../generated/graphql";
import { type Fate, differences, gist } from "./differences";

interface Props {
  name: string;
  stored: EditedViewFragment;
  edited: EditedViewFragment;
}

const NAMES: Record<Fate, string> = { kept: "Kept", changed: "Changed", gone: "Gone" };

export function EditedColumn({ name, stored, edited }: Props) {
  const rows = differences(stored.nodes, edited.nodes);
  const count = (fate: Fate) => rows.filter((row) => row.fate === fate).length;
  const [tokens, all] = [edited.tokenCount ?? 0, stored.tokenCount ?? 0];
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
        {rows.map(({ fate, message }) => (
          <li key={message.id} data-fate={fate}>
            <span className="fate">{NAMES[fate]}</span>
            <span className="role">{message.role.toLowerCase()}</span>
            <span className="gist">{gist(message)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
