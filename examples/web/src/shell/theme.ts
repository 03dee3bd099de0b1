// Light or dark: what the system prefers, unless the reader chose, which this browser remembers.
const KEY = "theme";
export type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : null;
}

export function currentTheme(): Theme {
  return chosen() ?? (dark.matches ? "dark" : "light");
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme();
}

/** Without a choice nothing is set, and the style sheet follows the system. */
export function applyTheme(): void {
  const theme = chosen();
  if (theme) document.documentElement.dataset.theme = theme;
}

export function watchSystem(tell: () => void): () => void {
  dark.addEventListener("change", tell);
  return () => dark.removeEventListener("change", tell);
}
