// Panel of comparing: the two pictures that wipe, side by side and difference show, and the saved versions.

import { getJson, post, showError } from "./api.js";
import { kindOf } from "./compared.js";
import { change, on, page, routeOf } from "./page.js";
import { element, text } from "./rows.js";
import { addPanel, currentPanel } from "./tabs.js";
import { redraw, setMode } from "./viewer.js";

const COMPARING = ["wipe", "side", "difference"];
let sources = [], chosen = [0, 1];

export function startCompare() {
  addPanel("compare", { show: () => load().catch(showError) });
  on("open", reset);
  on("project", () => { if (currentPanel() === "compare") load().catch(showError); });
  on("view access", showNote);
  for (const [place, id] of [[0, "compare-left"], [1, "compare-right"]]) {
    element(id).addEventListener("change", (event) => choose(place, +event.target.value));
  }
  element("compare-swap").addEventListener("click", swap);
  element("compare-reset").addEventListener("click", () => { reset(); show(); });
  element("version-save").addEventListener("click", save);
  element("version-name").addEventListener("keydown", (event) => { if (event.key === "Enter" && !element("version-save").disabled) save(); });
  page.actions.x = swap;
}

async function load() {
  const found = await getJson(routeOf(`/sources?part=${encodeURIComponent(page.project.part)}`));
  const before = chosen.map((place) => sources[place]); // only now: another may have been chosen meanwhile
  sources = found.sources;
  // A source that is gone is replaced by the plate or the result.
  chosen = before.map((one, place) => Math.max(place, sources.findIndex((other) => one && isSame(one, other))));
  show();
  showVersions();
}

function isSame(one, other) {
  return ["project", "part", "kind", "version"].every((name) => one[name] === other[name]);
}

function reset() {
  chosen = [0, 1];
  sources = [];
  apply(["plate", "result"], ["Plate", "Result"]);
  if (currentPanel() === "compare") load().catch(showError);
}

function show() {
  for (const [place, id] of [[0, "compare-left"], [1, "compare-right"]]) {
    const groups = new Map();
    sources.forEach((source, number) => {
      if (!groups.has(source.group)) groups.set(source.group, Object.assign(document.createElement("optgroup"), { label: source.group }));
      groups.get(source.group).append(new Option(source.label, number, false, number === chosen[place]));
    });
    element(id).replaceChildren(...groups.values());
  }
  if (!sources.length) return;
  const pair = chosen.map((place) => sources[place]);
  apply(pair.map((one) => kindOf(one, page.project)), pair.map((one) => one.label));
}

function apply(kinds, names) {
  const { stage } = page;
  stage.compared = kinds;
  stage.names = names;
  page.player?.wish();
  redraw();
  showNote();
}

function choose(place, number) {
  chosen[place] = number;
  if (!COMPARING.includes(page.stage.mode)) setMode("wipe");
  show();
}

function swap() {
  if (sources.length) {
    chosen.reverse();
    show();
  } else apply([...page.stage.compared].reverse(), [...page.stage.names].reverse());
}

function showNote() {
  element("compare-note").textContent = COMPARING.includes(page.stage.mode) ? "" : "Choose one of them to see both.";
}

function showVersions() {
  const versions = sources.filter((source) => source.version);
  element("versions").replaceChildren(...versions.map((source) => {
    const item = document.createElement("li"), actions = document.createElement("span");
    actions.className = "group";
    actions.append(
      button("Compare", `Compare ${source.version} with the result`, "", () => choose(0, sources.indexOf(source))),
      button("In words", `List differences from ${source.version}`, "writes", () => act("compare", source.version)),
      button("Restore", `Restore ${source.version}`, "writes", () => act("restore", source.version)),
    );
    item.append(text("b", source.label), actions);
    return item;
  }));
  element("no-versions").hidden = versions.length > 0;
  for (const control of document.querySelectorAll("#versions .writes")) control.disabled = page.isRunning || !page.mayWrite;
}

function button(label, description, name, onClick) {
  const made = text("button", label, name);
  made.type = "button";
  made.setAttribute("aria-label", description);
  made.addEventListener("click", onClick);
  return made;
}

async function save() {
  const name = element("version-name").value.trim();
  const done = await act("save", name, { frames: element("version-frames").checked });
  if (done) element("version-name").value = "";
}

async function act(what, name, more = {}) {
  const done = await change(() => post(routeOf("/version"), { change: what, name, ...more }));
  if (!done) return undefined;
  element("version-lines").replaceChildren(...done.lines.map((line) => text("li", line)));
  await load();
  return done;
}
