// Light, dark, or as the system has it. A page's colours all follow `color-scheme`.

const THEMES = ["auto", "light", "dark"];
const KEPT = "opbench-theme";

/** A button that goes through the themes. */
function themeButton() {
  const button = element("button", { type: "button", class: "theme", onclick: () => use(after(current)) });
  let current = "auto";
  const after = (theme) => THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const use = (theme) => {
    current = theme;
    document.documentElement.dataset.theme = theme;
    button.textContent = { auto: "◐", light: "☀", dark: "☾" }[theme];
    button.setAttribute("aria-label", `Colours: ${theme}; change to ${after(theme)}`);
    button.title = `Colours: ${theme}`;
    keep(theme);
  };
  use(THEMES.includes(kept()) ? kept() : "auto");
  return button;
}

// A browser may refuse to keep anything for a page from a file; the theme is then chosen anew each time.
function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(theme) {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // see above
  }
}
