// Panel of settings: made from the declarations of the options, with references and presets.

import { getJson, post, showError, upload } from "./api.js";
import { change, on, page, routeOf } from "./page.js";
import { element, text } from "./rows.js";
import { addPanel, currentPanel } from "./tabs.js";

let state = null, edits = new Map(), isStale = true;

export function startSettings() {
  addPanel("settings", { show: () => { if (isStale) load().catch(showError); } });
  on("open", () => { edits = new Map(); });
  on("project", () => {
    isStale = true;
    if (currentPanel() === "settings") load().catch(showError);
  });
  on("access", showActions);
  element("settings-search").addEventListener("input", filter);
  element("settings-changed").addEventListener("change", filter);
  element("settings-apply").addEventListener("click", apply);
  element("settings-discard").addEventListener("click", () => { edits = new Map(); show(); });
  element("preset-apply").addEventListener("click", () => change(() => post(routeOf("/preset"), { preset: element("preset").value })));
  element("preset-save").addEventListener("click", savePreset);
  element("reference-file").addEventListener("change", (event) => {
    addReferences(event.target.files);
    event.target.value = "";
  });
  acceptDrops(element("references-drop"), addReferences);
}

async function load() {
  isStale = false;
  state = await getJson(routeOf("/settings"));
  show();
}

function show() {
  const opened = new Set([...document.querySelectorAll("#settings details[open]")].map((one) => one.dataset.group));
  const isFirst = !element("settings").childElementCount, focused = document.activeElement?.id || "";
  element("settings").replaceChildren(...state.groups.map((group) => {
    const details = document.createElement("details");
    details.dataset.group = group.name;
    details.open = isFirst ? group.options.some((option) => option.is_essential) : opened.has(group.name);
    details.append(summary(group), ...group.options.map(row));
    return details;
  }));
  showReferences();
  showPresets();
  filter();
  showActions();
  // A run or another change may have been the reason while a person is typing.
  if (focused.startsWith("setting-")) element(focused)?.focus();
}

function summary(group) {
  const line = text("summary", group.name), count = group.options.filter((option) => option.is_changed).length;
  if (count) line.append(text("span", `${count} changed`, "muted"));
  return line;
}

function row(option) {
  const box = document.createElement("div"), id = `setting-${option.name}`;
  box.className = "setting";
  box.dataset.words = `${option.name} ${option.flag} ${option.help}`.toLowerCase().replaceAll("_", " ");
  box.dataset.changed = option.is_changed;
  const label = text("label", title(option.name));
  label.htmlFor = id;
  const head = document.createElement("div");
  head.className = "setting-head";
  head.append(label, text("code", option.flag, "muted"));
  const control = CONTROLS[option.kind](option, id, valueOf(option), (value) => edit(option, value, box));
  const help = text("p", option.help, "muted");
  help.id = `${id}-help`;
  box.append(head, control, help);
  box.querySelector(`#${id}`).setAttribute("aria-describedby", help.id);
  markRow(option, box);
  return box;
}

function title(name) {
  const words = name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

function valueOf(option) {
  return edits.has(option.name) ? edits.get(option.name) : option.value;
}

function edit(option, value, box) {
  if (value === option.value) edits.delete(option.name);
  else edits.set(option.name, value);
  markRow(option, box);
  showActions();
}

// Show what differs from the default, and offer to go back to it.
function markRow(option, box) {
  const isChanged = valueOf(option) !== option.default;
  box.classList.toggle("edited", edits.has(option.name));
  box.classList.toggle("changed", isChanged);
  let reset = box.querySelector(".reset");
  if (isChanged && !reset) {
    reset = text("button", "Default", "reset");
    reset.type = "button";
    reset.title = `Default: ${shown(option.default)}`;
    reset.setAttribute("aria-label", `${title(option.name)}: back to the default, ${shown(option.default)}`);
    reset.addEventListener("click", () => {
      edit(option, option.default, box);
      box.replaceWith(row(option));
      element(`setting-${option.name}`).focus();
    });
    box.firstChild.append(reset);
  } else if (!isChanged) reset?.remove();
}

function shown(value) {
  if (typeof value === "boolean") return value ? "on" : "off";
  return value === "" ? "none" : value;
}

function input(id, type, value) {
  const made = document.createElement("input");
  Object.assign(made, { id, type, value });
  return made;
}

const CONTROLS = {
  switch: (option, id, value, onEdit) => {
    const made = input(id, "checkbox", "");
    made.checked = value;
    made.addEventListener("change", () => onEdit(made.checked));
    return made;
  },
  choice: (option, id, value, onEdit) => {
    const made = document.createElement("select");
    made.id = id;
    const words = option.is_optional ? ["", ...option.words] : option.words;
    made.append(...words.map((word) => new Option(word || "–", word, false, word === value)));
    made.addEventListener("change", () => onEdit(made.value));
    return made;
  },
  choices: (option, id, value, onEdit) => {
    const made = document.createElement("div"), chosen = new Set(value.split(/[\n,]/));
    made.className = "choices";
    made.id = id;
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", title(option.name));
    const boxes = option.words.map((word) => {
      const label = text("label", word), box = input("", "checkbox", word);
      box.checked = chosen.has(word);
      box.addEventListener("change", () => onEdit(boxes.filter((one) => one.checked).map((one) => one.value).join("\n")));
      label.prepend(box);
      made.append(label);
      return box;
    });
    return made;
  },
  number: (option, id, value, onEdit) => {
    const box = document.createElement("div"), number = input(id, "number", value);
    Object.assign(number, { min: option.min, max: option.max, step: option.step });
    number.placeholder = option.default === "" ? "none" : "";
    box.className = "number";
    if (option.min === "0" && option.max === "1") {
      const slider = input("", "range", value);
      Object.assign(slider, { min: 0, max: 1, step: 0.01 });
      slider.value = value;
      slider.setAttribute("aria-label", title(option.name));
      slider.addEventListener("input", () => { number.value = slider.value; onEdit(normal(slider.value, option)); });
      number.addEventListener("input", () => { slider.value = number.value; });
      box.append(slider);
    }
    number.addEventListener("input", () => onEdit(normal(number.value, option)));
    box.append(number);
    return box;
  },
  line: (option, id, value, onEdit) => {
    const made = input(id, "text", value);
    made.placeholder = option.expected;
    made.spellcheck = false;
    made.addEventListener("input", () => onEdit(made.value));
    return made;
  },
  lines: (option, id, value, onEdit) => {
    const made = document.createElement("textarea");
    Object.assign(made, { id, value, placeholder: option.expected, spellcheck: false });
    made.rows = Math.min(6, Math.max(2, value.split("\n").length));
    made.addEventListener("input", () => onEdit(made.value));
    return made;
  },
};

// The same number in the form of the option's value, so that 0.50 does not count as a change of 0.5.
function normal(value, option) {
  return value !== "" && option.value !== "" && +value === +option.value ? option.value : value;
}

function filter() {
  const words = element("settings-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const changedOnly = element("settings-changed").checked, isSearch = words.length > 0 || changedOnly;
  let found = 0;
  for (const details of document.querySelectorAll("#settings details")) {
    let here = 0;
    for (const box of details.querySelectorAll(".setting")) {
      const isShown = words.every((word) => box.dataset.words.includes(word)) && (!changedOnly || box.classList.contains("changed"));
      box.hidden = !isShown;
      here += isShown;
    }
    details.hidden = !here;
    if (isSearch && here) details.open = true;
    found += here;
  }
  element("settings-none").hidden = found > 0;
}

function showActions() {
  if (!state) return;
  const isBlocked = page.isRunning || !page.mayWrite;
  element("settings-bar").hidden = !edits.size;
  element("settings-count").textContent = `${edits.size} ${edits.size === 1 ? "change" : "changes"}`;
  element("settings-apply").disabled = isBlocked;
  element("preset-apply").disabled = isBlocked || !state.presets.length;
  element("preset").disabled = !state.presets.length;
}

async function apply() {
  const sent = Object.fromEntries(edits), done = await change(() => post(routeOf("/settings"), sent));
  if (!done) return;
  edits = new Map();
  await load().catch(showError);
}

function showReferences() {
  element("references").replaceChildren(...state.references.map((name, number) => {
    const item = document.createElement("li"), picture = document.createElement("img"), remove = text("button", "×", "writes");
    picture.src = `${routeOf(`/reference/${number}`)}?name=${encodeURIComponent(name)}`;
    picture.alt = name;
    remove.type = "button";
    remove.disabled = page.isRunning || !page.mayWrite;
    remove.setAttribute("aria-label", `Remove the reference ${name}`);
    remove.addEventListener("click", () => change(() => post(routeOf("/remove-reference"), { number })));
    item.append(picture, text("span", name, "muted"), remove);
    return item;
  }));
  element("no-references").hidden = state.references.length > 0;
}

async function addReferences(files) {
  for (const file of files) await change(() => upload(`/upload/${page.project.id}/reference`, file));
}

function acceptDrops(target, receive) {
  target.addEventListener("dragover", (event) => {
    event.preventDefault();
    target.classList.add("dropping");
  });
  target.addEventListener("dragleave", () => target.classList.remove("dropping"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("dropping");
    receive(event.dataTransfer.files);
  });
}

function showPresets() {
  const none = new Option("No preset found", "");
  const options = state.presets.map((one) => new Option(`${one.name} (version ${one.version})`, one.id));
  element("preset").replaceChildren(...(options.length ? options : [none]));
}

async function savePreset() {
  const done = await change(() => post(routeOf("/save-preset"), { name: element("preset-name").value }));
  if (done) element("preset-name").value = "";
}
