// Dark or light theme: that of the system, until the button chooses one for this browser.

const KEY = "stylize-theme";
const system = matchMedia("(prefers-color-scheme: light)");

export function startTheme(onChange = () => {}) {
  const button = document.getElementById("theme");
  const apply = () => {
    const theme = localStorage.getItem(KEY) || (system.matches ? "light" : "dark");
    document.documentElement.dataset.theme = theme;
    button.textContent = theme === "light" ? "Dark theme" : "Light theme";
    onChange();
  };
  button.addEventListener("click", () => {
    localStorage.setItem(KEY, document.documentElement.dataset.theme === "light" ? "dark" : "light");
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
