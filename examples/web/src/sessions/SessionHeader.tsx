// The head of an open session: its title, which can be changed in place, what can be done with it, and its views.
import { useMutation } from "@apollo/client/react";
import { useEffect, useRef, useState } from "react";

import { accepted, wordsFor } from "../api/failures";
import type { SessionRowFragment, UpdateSessionInput } from "../generated/graphql";
import { Icon } from "../shell/Icon";
import { Notice } from "../shell/Notice";
import { VIEWS, type View, linkTo } from "../shell/place";
import { fullOf } from "../shell/times";
import { UpdateSession } from "./documents";
import { SessionActions } from "./SessionActions";
import { TitleField } from "./TitleField";

interface Props {
  session: SessionRowFragment;
  view: View;
}

const NAMES: Record<View, string> = { conversation: "Conversation", context: "Context", files: "Files" };

export function SessionHeader({ session, view }: Props) {
  const pencil = useRef<HTMLButtonElement>(null);
  const [renaming, setRenaming] = useState<boolean | null>(null); // null: not since the session was opened
  const [failure, setFailure] = useState<string | null>(null);
  const [update] = useMutation(UpdateSession);

  useEffect(() => {
    const lost = document.activeElement === document.body; // the focus went away with the field
    if (renaming === false && lost) pencil.current?.focus();
  }, [renaming]);

  async function change(what: Omit<UpdateSessionInput, "id">) {
    setFailure(null);
    try {
      const { data } = await update({ variables: { input: { id: session.id, ...what } } });
      accepted(data?.updateSession);
    } catch (error) {
      setFailure(wordsFor(error));
    }
  }

  async function rename(title: string) {
    setRenaming(false);
    if (title !== (session.title ?? "")) await change({ title: title || null });
  }

  return (
    <header className="session-header">
      <title>{session.displayTitle}</title>
      <div className="title-row">
        <a className="icon back" href="#/" aria-label="All sessions">
          <Icon name="back" />
        </a>
        {renaming ? (
          <TitleField title={session.title ?? ""} onSave={rename} onCancel={() => setRenaming(false)} />
        ) : (
          <>
            <h1 title={`Made ${fullOf(session.createdAt)}`}>{session.displayTitle}</h1>
            <button
              ref={pencil}
              type="button"
              className="icon"
              aria-label="Rename session"
              onClick={() => setRenaming(true)}
            >
              <Icon name="pencil" />
            </button>
          </>
        )}
        <SessionActions session={session} onChange={(what) => void change(what)} />
      </div>
      <nav className="views" aria-label="Views of the session">
        {VIEWS.map((one) => (
          <a key={one} href={linkTo(session.id, one)} aria-current={one === view ? "page" : undefined}>
            {NAMES[one]}
          </a>
        ))}
      </nav>
      {failure && <Notice>{failure}</Notice>}
    </header>
  );
}
