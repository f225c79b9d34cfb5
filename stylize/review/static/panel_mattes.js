// Panel of mattes: painted frames, where to paint next, propagation, and clicks for a network.

import { getJson, post, showError } from "./api.js";
import { change, emit, on, page, routeOf, seekTo } from "./page.js";
import { choose, isActive, startMatteTool, state, tool } from "./matte_tool.js";
import { element, markCurrent, row, text } from "./rows.js";
import { addPanel, currentPanel } from "./tabs.js";
import { activate } from "./tools.js";

const ANY = "any"; // the model has yet to be looked for
let asked = 0, problem = ANY;

export function startMattes() {
  addPanel("mattes", { show: checkModel });
  startMatteTool();
  on("open", () => { state.mattes = null; problem = ANY; });
  on("project", readMattes);
  on("mattes-saved", (painting) => { notePainted(painting); readMattes(); });
  on("mattes curves access", showLists);
  on("mattes place access curves", show);
  on("mattes", () => page.timeline.setMattes(state.mattes.painted.map((one) => one.frame)));
  on("click", addClick);
  element("edit-matte").addEventListener("click", () => activate(tool));
  element("drop-matte").addEventListener("click", () => act("drop", { frame: page.player.frame }));
  element("propagate-mattes").addEventListener("click", () => act("start", { action: "mattes" }));
  element("find-clicked").addEventListener("click", () => act("start", { action: "clicks" }));
  element("follow-clicks").addEventListener("click", () => act("use", { matte: "clicks" }));
  element("use-tracked").addEventListener("click", () => act("use", { matte: "tracked" }));
  element("place-clicks").addEventListener("click", () => {
    choose("click");
    if (!isActive()) activate(tool);
    element("stage").focus();
  });
}

function partOf() {
  return `part=${encodeURIComponent(page.project.part)}`;
}

function act(name, values) {
  return change(() => post(routeOf(`/mattes/${name}?${partOf()}`), values));
}

async function readMattes() {
  const number = ++asked;
  try {
    const found = await getJson(routeOf(`/mattes?${partOf()}`));
    if (number !== asked) return;
    state.mattes = found;
    emit("mattes");
  } catch (error) {
    showError(error);
  }
  if (currentPanel() === "mattes") checkModel();
}

// The answer of the server comes later; until then, the matte that was saved counts as painted.
function notePainted({ frame, version }) {
  const { painted } = state.mattes, known = painted.find((one) => one.frame === frame);
  if (known) known.version = version;
  else painted.push({ frame, version });
}

// Whether the model is there is asked only when somebody looks, because its files are read.
async function checkModel() {
  if (problem !== ANY || !page.project) return;
  problem = "";
  try {
    problem = (await getJson(routeOf(`/mattes/model?${partOf()}`))).problem;
  } catch (error) {
    showError(error);
  }
  showLists();
  show();
}

async function addClick(click) {
  const box = /^box:.*@(-?\d+)$/.exec(click);
  const kept = state.mattes.clicks.filter((one) => one !== click && !(box && one.startsWith("box:") && one.endsWith(`@${box[1]}`)));
  await storeClicks([...kept, click]);
}

async function storeClicks(clicks) {
  try {
    await post(routeOf(`/mattes/clicks?${partOf()}`), { clicks });
    state.mattes.clicks = clicks;
    emit("mattes");
  } catch (error) {
    showError(error);
  }
}

function show() {
  const { mattes } = state;
  if (!mattes || !page.player) return;
  const { frame } = page.player, frames = mattes.painted.map((one) => one.frame).sort((one, other) => one - other);
  const isHere = frames.includes(frame);
  element("matte-frame").textContent = frame;
  element("matte-about").textContent = about(mattes, frame, isHere);
  markCurrent(frame);
  if (page.isRunning || !page.mayWrite) return; // all are disabled
  element("edit-matte").disabled = !mattes.is_full_size;
  element("drop-matte").disabled = !isHere || !mattes.is_full_size;
  element("propagate-mattes").disabled = !frames.length || !mattes.is_full_size;
  const hasInside = mattes.clicks.some((one) => !one.startsWith("exclude:"));
  for (const id of ["find-clicked", "follow-clicks"]) element(id).disabled = !hasInside || Boolean(problem) || !mattes.is_full_size;
  element("place-clicks").disabled = !mattes.is_full_size;
}

// Lists that do not depend on the displayed frame.
function showLists() {
  const { mattes } = state;
  if (!mattes) return;
  showSuggestions(mattes);
  showPainted(mattes.painted.map((one) => one.frame).sort((one, other) => one - other));
  showClicks(mattes);
}

function about(mattes, frame, isHere) {
  if (!mattes.is_full_size) return "Mattes are painted at full size, and in a layer if there are layers. Choose it with Show at the top.";
  const confidence = page.curves?.confidence?.[page.player.place] ?? null;
  if (isHere) return mattes.changed.includes(frame) ? "Painted, but not propagated yet." : "Painted.";
  if (confidence !== null) return `Propagated; expected overlap with the subject ${confidence.toFixed(2)}.`;
  if (mattes.matte) return `From ${mattes.matte}. Paint on it to correct it.`;
  return "No matte: runs style the whole frame.";
}

function showSuggestions(mattes) {
  element("matte-next").replaceChildren(...mattes.suggestions.map((one) => {
    const words = document.createElement("span");
    words.append(text("b", `Frame ${one.frame}`), text("small", one.reason));
    return row(() => seekTo(one.frame), one.frame, words);
  }));
  element("matte-next-none").hidden = mattes.suggestions.length > 0;
  element("matte-next-none").textContent = mattes.changed.length
    ? "Propagate first: painted mattes have changed."
    : `No frame has an expected overlap below ${mattes.min_confidence}.`;
  element("use-tracked").hidden = mattes.is_tracked || !page.curves?.confidence?.some((value) => value !== null);
}

function showPainted(frames) {
  element("painted-mattes").replaceChildren(...frames.map((frame) => {
    const words = document.createElement("span");
    words.append(text("b", `Frame ${frame}`));
    if (state.mattes.changed.includes(frame)) words.append(text("span", "not propagated", "badge"));
    return row(() => seekTo(frame), frame, words);
  }));
  element("painted-count").textContent = frames.length || "";
  element("no-painted").hidden = frames.length > 0;
}

function showClicks(mattes) {
  const names = { click: "Subject at", exclude: "Not the subject at", box: "Box" };
  element("clicks").replaceChildren(...mattes.clicks.map((click) => {
    const [, kind, numbers, frame] = /^(\w+):([^@]+)@(-?\d+)$/.exec(click);
    const item = document.createElement("li"), remove = text("button", "Remove");
    const label = `${names[kind]} ${numbers.replaceAll(",", ", ")}, frame ${frame}`;
    remove.type = "button";
    remove.disabled = !page.mayWrite;
    remove.setAttribute("aria-label", `Remove: ${label}`);
    remove.addEventListener("click", () => storeClicks(mattes.clicks.filter((one) => one !== click)));
    item.append(text("span", label), remove);
    return item;
  }));
  element("model-problem").textContent = problem === ANY ? "" : problem;
  element("model-name").textContent = mattes.model;
}
