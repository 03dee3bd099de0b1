// Where the reader is, kept in the address: `#/<session>/<view>`. Reloading, going back and sharing work by themselves.
import { useSyncExternalStore } from "react";

export const VIEWS = ["conversation", "context", "files"] as const;
export type View = (typeof VIEWS)[number];

interface Place {
  session: string | null;
  view: View;
}

export function linkTo(session: string, view: View = "conversation"): string {
  return `#/${encodeURIComponent(session)}/${view}`;
}

function placeOf(hash: string): Place {
  const [, session, named] = hash.split("/");
  const view = VIEWS.find((one) => one === named) ?? "conversation";
  return { session: session ? decodeURIComponent(session) : null, view };
}

function watch(tell: () => void): () => void {
  addEventListener("hashchange", tell);
  return () => removeEventListener("hashchange", tell);
}

export function usePlace(): Place {
  return placeOf(useSyncExternalStore(watch, () => location.hash));
}

/** Leave the session for the list; the way back leads past it. */
export function leave(): void {
  location.replace("#/");
}
