// Panel of keys: the key of the displayed frame with what can be changed about it, all keys, and the worst frames.

import { post, showError, upload } from "./api.js";
import { startPainter } from "./painter.js";
import { change, on, page, refreshKeys, routeOf, seekTo } from "./page.js";
import { element, markCurrent, row, text } from "./rows.js";
import { addPanel } from "./tabs.js";

const THUMBNAIL = 320, CANDIDATE = 320;

export function startKeys() {
  addPanel("keys");
  startPainter();
  on("project", showKeys);
  on("curves", showWorst);
  on("project place", showKey);
  on("project place", () => markCurrent(page.player.frame));
  on("project place access", showActions);
  on("server:keys", (event) => { if (event.project === page.project?.id) refreshKeys().catch(showError); });
  element("add-key").addEventListener("click", () => changeKey({ change: "add" }));
  element("drop-key").addEventListener("click", () => changeKey({ change: "drop" }));
  element("move-key").addEventListener("click", moveByNumber);
  element("key-to").addEventListener("keydown", (event) => { if (event.key === "Enter") moveByNumber(); });
  element("key-lock").addEventListener("change", (event) => choose({ lock: event.target.checked }));
  element("key-own-seed").addEventListener("change", (event) => choose({ seed: event.target.value === "" ? "own" : +event.target.value }));
  element("key-prompt").addEventListener("change", (event) => choose({ prompt: event.target.value.trim() }));
  element("reroll").addEventListener("click", reroll);
  element("make-candidates").addEventListener("click", () => render({ candidates: +element("candidate-count").value }));
  element("open-key").addEventListener("click", openElsewhere);
  element("paint-key").addEventListener("change", (event) => {
    if (event.target.files[0]) usePicture(event.target.files[0], page.player.frame);
    event.target.value = "";
  });
  page.timeline.acceptDrops((file, place) => usePicture(file, page.player.frames[place]));
  page.timeline.acceptDrags({ find: keyToMove, onDrop: (key, place) => moveKey(key.frame, page.player.frames[place]) });
}

// Changes

function changeKey(values, frame = page.player.frame) {
  return change(() => post(routeOf("/key"), { frame, part: page.project.part, ...values }));
}

async function choose(values) {
  if (!(await changeKey({ change: "choose", ...values }))) showKey(); // what was refused is not kept
}

function moveByNumber() {
  const to = element("key-to").valueAsNumber;
  if (Number.isInteger(to)) moveKey(page.player.frame, to);
}

// The key at a point of the timeline, if it may be moved.
function keyToMove(x, y) {
  const key = page.mayWrite && !page.isRunning ? page.timeline.keyAt(x, y) : null;
  return key?.planned && !key.lock ? key : null;
}

async function moveKey(frame, to) {
  if (await changeKey({ change: "move", to }, frame)) seekTo(to);
}

// Give the key another seed, and render it.
async function reroll() {
  if (await changeKey({ change: "choose", seed: "new" })) render({});
}

// Run up to the rendering of the keys. Keys that only start from one that is rendered again are kept.
function render(options) {
  const scale = /^drafts\/(\d+)-(\d+)/.exec(page.project.part);
  const draft = scale ? { draft: true, scale: `${scale[1]}/${scale[2]}` } : {};
  return change(() => post(routeOf("/start"), { action: "run", options: { to_stage: "render", keep_others: true, ...draft, ...options } }));
}

function openElsewhere() {
  return change(() => post(routeOf("/open-key"), { frame: page.player.frame, part: page.project.part }));
}

function usePicture(file, frame) {
  return change(() => upload(`/upload/${page.project.id}/key/${frame}?part=${encodeURIComponent(page.project.part)}`, file));
}

// Display

function keyAt(frame) {
  return page.project.keys.find((key) => key.frame === frame);
}

function showActions() {
  if (!page.player) return;
  const { frame } = page.player, key = keyAt(frame), isKey = Boolean(key?.planned);
  element("add-key").hidden = isKey;
  for (const id of ["drop-key", "paint", "open-key"]) element(id).hidden = !key;
  element("drop-key").textContent = isKey ? `Drop ${frame}` : "Drop";
  element("paint").disabled = !page.mayWrite || !key?.painting;
  if (page.isRunning || !page.mayWrite) return; // all others are disabled
  element("drop-key").disabled = !isKey || key.lock;
  element("open-key").disabled = !key?.painting;
  const canRender = isKey && !key.painted && page.project.paints;
  element("reroll").disabled = !canRender || key.lock;
  element("key-own-seed").disabled = !isKey || key.painted || key.lock;
  element("key-prompt").disabled = !isKey || key.painted || key.lock;
  element("key-lock").disabled = !isKey || key.painted || page.project.is_draft;
  element("move-key").disabled = element("key-to").disabled = !isKey || key.lock;
  element("make-candidates").disabled = element("candidate-count").disabled = !page.project.paints || page.project.is_draft;
  for (const button of element("candidates").querySelectorAll("button")) button.disabled = key?.painted || key?.lock || page.project.is_draft;
}

function showKey() {
  const { frame } = page.player, { project } = page, key = keyAt(frame);
  element("key-title").replaceChildren(key ? `Key ${frame}` : `Frame ${frame} is not a key`, ...(key ? badges(key) : []));
  element("key-details").hidden = !key;
  if (!key) return;
  element("key-reason").textContent = key.reason;
  element("key-agreement").replaceChildren(...agreement(key, keyBefore(frame)));
  element("key-seed").textContent = seedText(key);
  setValue("key-own-seed", key.own_seed ?? "");
  element("key-own-seed").placeholder = project.default_seed;
  element("prompt-row").hidden = key.prompt === null;
  setValue("key-prompt", key.own_prompt);
  element("key-prompt").placeholder = key.prompt || "";
  element("key-lock").checked = key.lock;
  const to = element("key-to");
  [to.min, to.max] = [project.frames[0], project.frames.at(-1)];
  if (to.dataset.frame !== String(frame)) to.value = "";
  to.dataset.frame = frame;
  showCandidates(key);
}

// Set the value of a field, unless a person is typing in it.
function setValue(id, value) {
  if (document.activeElement !== element(id) || element(id).dataset.frame !== String(page.player.frame)) element(id).value = value;
  element(id).dataset.frame = page.player.frame;
}

function agreement({ agreement: found, exists }, before) {
  if (!exists) return ["measured once the key is rendered"];
  if (!found) return [before === undefined ? "no earlier key in this shot" : "not measured since the keys changed; use Report to measure it"];
  const percent = Math.round(100 * found.common);
  const words = `colour ${found.colour.toFixed(3)}, structure ${found.structure.toFixed(2)} over ${percent}\u00a0% of the picture`;
  return [text("span", found.is_outlier ? "poor" : "good", `badge ${found.is_outlier ? "poor" : "good"}`), ` with key ${found.before}: ${words}`];
}

// Frame of the key before another one in the same shot.
function keyBefore(frame) {
  const start = page.project.cuts.findLast((cut) => cut <= frame) ?? -Infinity;
  return page.project.keys.findLast((key) => key.frame < frame && key.frame >= start && key.planned)?.frame;
}

function seedText({ seed, candidate, exists, painted }) {
  if (painted) return "painted by hand";
  if (!exists) return "not rendered yet";
  if (seed === null) return "unknown";
  return candidate > 1 ? `seed ${seed}, candidate ${candidate}` : `seed ${seed}`;
}

function showCandidates(key) {
  const list = element("candidates"), { project } = page;
  const shown = JSON.stringify([project.id, project.part, key.frame, key.candidates, key.pick, key.candidate]);
  if (list.dataset.shown === shown) return;
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.number : null;
  list.dataset.shown = shown;
  const chosen = key.pick ?? 1;
  list.replaceChildren(...key.candidates.map(({ number, seed, version }) => {
    const query = new URLSearchParams({ width: CANDIDATE, part: project.part, v: version });
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.number = number;
    button.setAttribute("aria-pressed", number === chosen);
    button.setAttribute("aria-label", `Candidate ${number}, seed ${seed}`);
    button.title = `Seed ${seed}`;
    button.append(picture(routeOf(`/candidate/${key.frame}/${number}?${query}`)), text("span", number === chosen ? `${number}, chosen` : number));
    button.addEventListener("click", () => choose({ pick: number === 1 ? null : number }));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  if (focused) list.querySelector(`[data-number="${focused}"]`)?.focus();
}

function picture(source) {
  const made = document.createElement("img");
  made.loading = "lazy";
  made.alt = "";
  made.width = page.project.width;
  made.height = page.project.height;
  made.style.height = "auto";
  made.src = source;
  return made;
}

function showKeys() {
  const { project } = page, list = element("keys");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.frame : null;
  list.replaceChildren(...project.keys.map((key) => {
    const query = new URLSearchParams({ width: THUMBNAIL, exact: 0, part: project.part, v: key.version });
    const words = document.createElement("span");
    words.append(text("b", key.frame), ...badges(key), text("small", key.reason));
    return row(() => seekTo(key.frame), key.frame, picture(routeOf(`/picture/${key.exists ? "key" : "plate"}/${key.frame}?${query}`)), words);
  }));
  if (focused) list.querySelector(`[data-frame="${focused}"]`)?.focus();
  element("key-count").textContent = project.keys.length || "";
  element("no-keys").hidden = project.keys.length > 0;
}

function badges(key) {
  const found = [];
  if (key.painted) found.push("painted");
  else if (!key.exists) found.push("not rendered");
  else if (!key.planned) found.push("no longer used");
  if (key.lock) found.push("locked");
  if (key.pick !== null && !key.painted) found.push(key.pick === key.candidate ? `candidate ${key.pick}` : `candidate ${key.pick} in the next run`);
  return found.map((words) => text("span", words, "badge"));
}

function showWorst() {
  const { worst } = page.curves;
  element("worst-section").hidden = !worst.length;
  element("worst").replaceChildren(...worst.map((one) => {
    const words = document.createElement("span");
    words.append(text("b", `Frame ${one.frame}`), text("small", `error ${one.error.toFixed(3)}; ${one.advice}`));
    return row(() => seekTo(one.frame), one.frame, words);
  }));
}
