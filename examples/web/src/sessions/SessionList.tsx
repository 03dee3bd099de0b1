// The list of sessions, or of those that were put away, with what makes a new one.
import { useEffect, useRef, useState } from "react";

import { useConnected } from "../api/live";
import { wordsFor } from "../api/failures";
import { Icon } from "../shell/Icon";
import { LoadMore } from "../shell/LoadMore";
import { Notice } from "../shell/Notice";
import { linkTo } from "../shell/place";
import { ThemeToggle } from "../shell/ThemeToggle";
import { dayOf } from "../shell/times";
import { NewSession } from "./NewSession";
import { useRoving } from "./useRoving";
import { useSessions } from "./useSessions";

export function SessionList({ selected }: { selected: string | null }) {
  const connected = useConnected();
  const [archived, setArchived] = useState(false);
  const { sessions, more, error, ended, reload } = useSessions(archived);
  const roving = useRoving<HTMLAnchorElement>();
  const [focused, setFocused] = useState<string | null>(null);
  const stop = [focused, selected].find((id) => sessions?.some((one) => one.id === id)) ?? sessions?.[0]?.id;
  const was = useRef(selected);
  useEffect(() => {
    const lost = was.current && !selected && document.activeElement === document.body;
    if (lost) roving.ref.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
    was.current = selected;
  }, [selected, roving.ref]);

  return (
    <nav className="sidebar" aria-labelledby="sessions">
      <header>
        <h2 id="sessions">{archived ? "Archive" : "Sessions"}</h2>
        <span className="live" data-connected={connected}>
          {connected ? "Live" : "Connecting…"}
        </span>
        <div className="actions">
          <button
            type="button"
            className="icon marked"
            aria-label="Show the archive"
            aria-pressed={archived}
            onClick={() => setArchived(!archived)}
          >
            <Icon name="archive" />
          </button>
          <ThemeToggle />
        </div>
      </header>
      {!archived && <NewSession />}
      {error && !sessions && <Notice onAction={reload}>{wordsFor(error)}</Notice>}
      {ended && <Notice onAction={reload}>{ended}</Notice>}
      {!sessions && !error && <div className="skeleton" role="status" aria-label="Loading" />}
      {sessions?.length === 0 && (
        <p className="empty">{archived ? "The archive is empty." : "No sessions yet. Give the first one a title."}</p>
      )}
      <ul className="sessions" {...roving}>
        {sessions?.map(({ id, displayTitle, lastActivityAt, pinnedAt }) => (
          <li key={id}>
            <a
              data-roving
              href={linkTo(id)}
              tabIndex={id === stop ? 0 : -1}
              aria-current={id === selected ? "page" : undefined}
              onFocus={() => setFocused(id)}
            >
              {pinnedAt && <Icon name="pin" label="Pinned" />}
              <span className="title">{displayTitle}</span>
              <time dateTime={lastActivityAt}>{dayOf(lastActivityAt)}</time>
            </a>
          </li>
        ))}
      </ul>
      {more && <LoadMore label="More sessions" load={more} />}
      <p className="hint">
        <kbd>↑</kbd> <kbd>↓</kbd> move · <kbd>Enter</kbd> open · <kbd>Esc</kbd> back
      </p>
    </nav>
  );
}
