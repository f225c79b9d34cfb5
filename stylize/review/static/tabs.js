// Panels next to the picture, as tabs: one Tab stop, arrow keys choose. A tab is hidden until its panel is added.

const tabs = () => [...document.querySelectorAll("#tabs [role=tab]")].filter((tab) => !tab.hidden);
const panels = new Map();
let current = "";

// Add the panel of a tab by name. show(), hide(): it has become visible, or is no longer.
export function addPanel(name, { show = () => {}, hide = () => {} } = {}) {
  panels.set(name, { show, hide });
  document.getElementById(`tab-${name}`).hidden = false;
}

export function currentPanel() {
  return current;
}

export function showPanel(name) {
  if (name === current || !panels.has(name)) return;
  panels.get(current)?.hide();
  current = name;
  for (const tab of document.querySelectorAll("#tabs [role=tab]")) {
    const isChosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
  panels.get(name).show();
}

export function startTabs() {
  const list = document.getElementById("tabs");
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) showPanel(tab.id.slice("tab-".length));
  });
  list.addEventListener("keydown", (event) => {
    const all = tabs(), place = all.indexOf(document.activeElement), last = all.length - 1;
    const next = { ArrowRight: place === last ? 0 : place + 1, ArrowLeft: place === 0 ? last : place - 1, Home: 0, End: last }[event.key];
    if (next === undefined || place < 0) return;
    event.preventDefault();
    event.stopPropagation();
    all[next].focus();
    showPanel(all[next].id.slice("tab-".length));
  });
  showPanel("keys");
}
