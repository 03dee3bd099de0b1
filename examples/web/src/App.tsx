// Which session and which of its views is open, beside the list.
import { useQuery } from "@apollo/client/react";
import { Activity, type KeyboardEvent, type ReactNode, useEffect } from "react";

import { wordsFor } from "./api/failures";
import { ContextPreview } from "./context/ContextPreview";
import { Conversation } from "./conversation/Conversation";
import { Files } from "./files/Files";
import { OpenSession } from "./sessions/documents";
import { SessionHeader } from "./sessions/SessionHeader";
import { SessionList } from "./sessions/SessionList";
import { Notice } from "./shell/Notice";
import { type View, leave, usePlace } from "./shell/place";

export function App() {
  const { session, view } = usePlace();
  return (
    <div className="app" data-open={session !== null}>
      <SessionList selected={session} />
      <main tabIndex={-1} id="main">
        {session ? <Session key={session} id={session} view={view} /> : <Welcome />}
      </main>
    </div>
  );
}

function Session({ id, view }: { id: string; view: View }) {
  const { data, error, refetch } = useQuery(OpenSession, { variables: { id } });
  useEffect(focusMainIfLost, []);
  if (error && !data)
    return (
      <Absent heading="This session cannot be shown">
        <Notice onAction={() => void refetch()}>{wordsFor(error)}</Notice>
      </Absent>
    );
  if (data?.session === null)
    return <Absent heading="This session is not there">It was deleted, or it is somebody else’s.</Absent>;
  if (!data?.session) return <div className="skeleton" role="status" aria-label="Loading" />;
  return (
    <div className="session" onKeyDown={backToList}>
      <SessionHeader session={data.session} view={view} />
      {/* Hidden, it keeps its drafts and its place, and follows on from where it was when it is shown again. */}
      <Activity mode={view === "conversation" ? "visible" : "hidden"}>
        <Conversation session={id} />
      </Activity>
      {view === "context" && <ContextPreview session={id} />}
      {view === "files" && <Files session={id} />}
    </div>
  );
}

/** The link that was followed is gone where the list makes room for the session. */
function focusMainIfLost() {
  const focused = document.activeElement;
  if (focused === document.body || !focused?.checkVisibility()) document.getElementById("main")?.focus();
}

/** Escape leads back to the open session in the list; where there is no room for both, to the list itself. */
function backToList({ key, defaultPrevented }: KeyboardEvent) {
  if (key !== "Escape" || defaultPrevented) return;
  const link = document.querySelector<HTMLElement>(".sessions [aria-current]");
  if (link?.checkVisibility()) link.focus();
  else leave();
}

function Welcome() {
  return (
    <div className="empty">
      <title>Sessions</title>
      <h1>Nothing open</h1>
      <p>Choose a session, or make a new one.</p>
    </div>
  );
}

function Absent({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <div className="empty">
      <title>{heading}</title>
      <h1>{heading}</h1>
      <div>{children}</div>
      <a href="#/">All sessions</a>
    </div>
  );
}
