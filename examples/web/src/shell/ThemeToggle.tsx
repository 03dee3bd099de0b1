// Changes between light and dark.
import { useEffect, useState } from "react";

import { Icon } from "./Icon";
import { chooseTheme, currentTheme, watchSystem } from "./theme";

export function ThemeToggle() {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => watchSystem(() => setTheme(currentTheme())), []);

  function toggle() {
    chooseTheme(theme === "dark" ? "light" : "dark");
    setTheme(currentTheme());
  }

  return (
    <button type="button" className="icon" aria-label="Dark colours" aria-pressed={theme === "dark"} onClick={toggle}>
      <Icon name={theme === "dark" ? "sun" : "moon"} />
    </button>
  );
}
