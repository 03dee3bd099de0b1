// Where the reader is in the conversation: stays at the end while it grows there, and stays put while it grows above.
import { useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 80;

/** The ids of the first and last message; each message's element has its id as `data-id`. */
export function useKeptScroll(first: string | undefined, last: string | undefined) {
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ id: string; top: number } | null>(null);
  const [atEnd, setAtEnd] = useState(true);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !first) return;
    const topOf = (id: string) => element.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.offsetTop ?? 0;
    if (atEnd) element.scrollTop = element.scrollHeight;
    else if (anchor.current) element.scrollTop += topOf(anchor.current.id) - anchor.current.top;
    anchor.current = { id: first, top: topOf(first) };
  }, [first, last, atEnd]);

  useEffect(() => {
    const toEnd = () => scroller.current && (scroller.current.scrollTop = scroller.current.scrollHeight);
    if (document.fonts.status === "loading") void document.fonts.ready.then(toEnd); // they change what lines need
  }, []);

  function onScroll() {
    const element = scroller.current;
    if (element) setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR);
  }

  return { scroller, onScroll, atEnd, toEnd: () => setAtEnd(true) };
}
