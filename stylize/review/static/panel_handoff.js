// Panel of hand-off: a folder among those that are allowed, a format, and files for other programs.

import { getJson, post, showError } from "./api.js";
import { change, on, page, routeOf } from "./page.js";
import { element } from "./rows.js";
import { addPanel, currentPanel } from "./tabs.js";

let choices = null;

export function startHandoff() {
  addPanel("handoff", { show: () => load().catch(showError) });
  on("open", () => { choices = null; if (currentPanel() === "handoff") load().catch(showError); });
  on("project access", showActions);
  for (const id of ["handoff-folder", "handoff-name", "handoff-format"]) element(id).addEventListener("input", showTarget);
  element("handoff-start").addEventListener("click", start);
}

async function load() {
  if (choices) return;
  choices = await getJson(routeOf("/handoff"));
  element("handoff-folder").replaceChildren(...choices.folders.map((folder, place) => new Option(folder, place)));
  element("handoff-format").replaceChildren(...choices.formats.map(({ name, label }) => new Option(label, name)));
  const legend = element("handoff-exports").querySelector("legend");
  element("handoff-exports").replaceChildren(legend, ...choices.exports.map(({ name, label, needs_matte: needsMatte }) => {
    const line = document.createElement("label"), input = document.createElement("input");
    line.className = "check";
    input.type = "checkbox";
    input.value = name;
    input.disabled = needsMatte && !choices.has_matte;
    line.append(input, ` ${label}${input.disabled ? " (needs a matte)" : ""}`);
    return line;
  }));
  showTarget();
  showActions();
}

function showTarget() {
  const folder = element("handoff-folder").selectedOptions[0]?.textContent || "", name = element("handoff-name").value.trim();
  element("handoff-target").textContent = `Into ${folder}${name ? `/${name}` : ""}`;
}

function showActions() {
  element("handoff-start").disabled = !page.mayWrite || page.isRunning || !choices || !page.project.can_run;
}

function start() {
  const exports = [...element("handoff-exports").querySelectorAll("input:checked")].map((input) => input.value);
  return change(() => post(routeOf("/handoff"), {
    folder: +element("handoff-folder").value, name: element("handoff-name").value.trim(), format: element("handoff-format").value, exports,
  }));
}
