// One stop for Tab in a list of links; arrows, Home and End go on from there.
import { type KeyboardEvent, useRef } from "react";

const STEPS: Record<string, (place: number, last: number) => number> = {
  ArrowDown: (place, last) => Math.min(place + 1, last),
  ArrowUp: (place) => Math.max(place - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

export function useRoving<Item extends HTMLElement>() {
  const list = useRef<HTMLUListElement>(null);

  function onKeyDown(event: KeyboardEvent) {
    const step = STEPS[event.key];
    const items = [...(list.current?.querySelectorAll<Item>("[data-roving]") ?? [])];
    const place = items.indexOf(event.target as Item);
    if (!step || place < 0) return;
    event.preventDefault();
    items[step(place, items.length - 1)]?.focus();
  }
  return { ref: list, onKeyDown };
}
