// Times as people read them.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function clockOf(time: string): string {
  return clock.format(new Date(time));
}

/** Today's are told by the hour, others by the day. */
export function dayOf(time: string): string {
  const date = new Date(time);
  return (date.toDateString() === new Date().toDateString() ? clock : day).format(date);
}

export function fullOf(time: string): string {
  return full.format(new Date(time));
}

export function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, size] = bytes < 1e6 ? (["kB", bytes / 1e3] as const) : (["MB", bytes / 1e6] as const);
  return `${size.toFixed(size < 10 ? 1 : 0)} ${unit}`;
}
