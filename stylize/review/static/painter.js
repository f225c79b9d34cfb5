// The painter: a tool on the picture that paints on the key of the displayed frame, and saves after every stroke.

import { errorOf, showError, upload } from "./api.js";
import { emit, on, page, routeOf, showCommand } from "./page.js";
import { Painting } from "./painting.js";
import { encodePng } from "./png.js";
import { element } from "./rows.js";
import { activate, activeTool, onTool } from "./tools.js";
import { Unsent } from "./unsent.js";
import { redraw, setMode } from "./viewer.js";

const TOOLS = { b: "brush", c: "clone", s: "smudge", e: "erase" };
const MIN_SIZE = 1, MAX_SIZE = 500, SIZE_STEP = 1.15, HARDNESS_STEP = 0.1, FAR = 10;
const HINTS = {
  brush: "Alt and a click pick a colour from the picture", clone: "Alt and a click set the source",
  smudge: "Drag colours along", erase: "Erase paint, down to the rendered key",
};

// The state of the painter. place: of the brush in pixels of the key. offset: from what is painted to what is copied.
const state = {
  tool: "brush", colour: [0, 0, 0], size: 24, hardness: 0.7, opacity: 1, pressureSize: true, pressureOpacity: false,
  painting: null, stroke: null, place: null, pane: 0, source: null, offset: null, isPicking: false, hasPen: false,
  isDown: false, loading: "", before: "",
};
let unsent = null;

const tool = {
  name: "painter", cursor: "none",
  enter() {
    state.before = page.stage.mode;
    if (page.stage.mode === "plate") setMode("result");
    element("painter").hidden = false;
    load();
  },
  leave() {
    element("painter").hidden = true;
    if (state.stroke) endStroke(); // the brush of the keyboard is still down
    state.painting = null;
    if (state.before !== page.stage.mode) setMode(state.before);
    redraw();
  },
  pictures() {
    return state.painting ? { result: state.painting.canvas } : {};
  },
  down, move, up, cancel, draw,
  hover(point, event) {
    state.place = placeOf(point);
    state.pane = event.pointerType === "touch" ? 0 : point.pane;
    redraw();
  },
  keys: {
    "Ctrl+z": undo, "Ctrl+Shift+z": redo, "Ctrl+y": redo, i: pickHere, Enter: toggleDown,
    "[": () => setSize(state.size / SIZE_STEP), "]": () => setSize(state.size * SIZE_STEP),
    "{": () => setHardness(state.hardness - HARDNESS_STEP), "}": () => setHardness(state.hardness + HARDNESS_STEP),
    ...Object.fromEntries(Object.entries(TOOLS).map(([key, name]) => [key, () => choose(name)])),
    ...arrows("", 1), ...arrows("Shift+", FAR),
  },
};

export function startPainter() {
  element("paint").addEventListener("click", () => activate(tool));
  element("paint-done").addEventListener("click", () => { activate(null); element("paint").focus(); });
  for (const input of document.querySelectorAll("input[name=paint-tool]")) input.addEventListener("change", () => choose(input.value));
  element("paint-colour").addEventListener("input", (event) => { state.colour = ofHex(event.target.value); });
  element("paint-size").addEventListener("input", (event) => setSize(sizeOf(event.target.value)));
  element("paint-hardness").addEventListener("input", (event) => setHardness(event.target.value / 100));
  element("paint-opacity").addEventListener("input", (event) => { state.opacity = event.target.value / 100; showControls(); });
  element("pen-size").addEventListener("change", (event) => { state.pressureSize = event.target.checked; });
  element("pen-opacity").addEventListener("change", (event) => { state.pressureOpacity = event.target.checked; });
  element("paint-pick").addEventListener("click", () => { state.isPicking = !state.isPicking; showControls(); });
  element("paint-undo").addEventListener("click", undo);
  element("paint-redo").addEventListener("click", redo);
  element("paint-clear").addEventListener("click", () => { if (state.painting?.clear()) changed(); });
  onTool((active) => element("paint").setAttribute("aria-pressed", active === tool));
  unsent = new Unsent(save);
  on("open", () => { if (isActive()) activate(null); });
  on("place", () => { if (isActive()) load(); });
  on("project access", () => { if (isActive()) load(); showControls(); });
  showControls();
}

export function isActive() {
  return activeTool() === tool;
}

// The key of the displayed frame; undefined if the frame is none.
function keyHere() {
  return page.project.keys.find((key) => key.frame === page.player.frame && key.painting);
}

// Load the key of the displayed frame, unless it is there. Another program may have saved it meanwhile.
async function load() {
  const { painting } = state, key = keyHere(), { id, part } = page.project;
  const name = key && !page.player.direction ? `${id}/${part}/${key.frame}/${key.painting}` : "";
  if (painting && key && painting.frame === key.frame && painting.part === part) {
    if (painting.version.startsWith(key.painting) || painting.isSaving || painting.unsaved || state.stroke) return;
  } else {
    if (state.stroke) endStroke(); // it belongs to the key that it was begun on
    state.painting = name ? unsent.find(key.frame, part) || null : null;
    if (state.painting) {
      state.loading = "";
      return void showLoaded();
    }
  }
  if (name === state.loading && name) return;
  state.loading = name;
  redraw();
  showControls();
  if (!name) return;
  try {
    const found = await fetchPainting(key.frame, part);
    if (state.loading === name && isActive()) {
      state.painting = found;
      state.place ??= [found.width / 2, found.height / 2];
    }
  } catch (error) {
    showError(error);
  } finally {
    if (state.loading === name) state.loading = "";
  }
  showLoaded();
}

function showLoaded() {
  redraw();
  showControls();
}

async function fetchPainting(frame, part) {
  const response = await fetch(routeOf(`/painting/${frame}?part=${encodeURIComponent(part)}`));
  if (!response.ok) throw await errorOf(response);
  const header = (name) => response.headers.get(`x-${name}`);
  const width = +header("width"), height = +header("height"), buffer = await response.arrayBuffer();
  const paint = header("paint") === "1" ? new Uint16Array(buffer, 0, width * height * 4) : null;
  const start = paint ? paint.byteLength : 0, count = width * height * 3;
  const base = header("depth") === "16" ? new Uint16Array(buffer, start, count) : new Uint8Array(buffer, start, count);
  const aspect = (page.stage.size[0] / width) / (page.stage.size[1] / height);
  const painting = new Painting({ width, height, base, paint, aspect });
  return Object.assign(painting, {
    frame, part, project: page.project.id, version: header("version"), isRendered: header("rendered") === "1",
    isFullSize: header("full") === "1", isSaving: false,
  });
}

// Strokes

function placeOf({ x, y }) {
  const { painting } = state;
  if (!painting) return null;
  return [(x / page.stage.size[0]) * painting.width, (y / page.stage.size[1]) * painting.height];
}

function pressureOf(event) {
  return event.pointerType === "pen" ? event.pressure : 1;
}

// Returns false to leave the pointer to others: once a pen has been used, the hand may rest on the screen.
function down(point, event) {
  if (event.pointerType === "pen") state.hasPen = true;
  if (event.pointerType === "touch" && state.hasPen) return false;
  const place = placeOf(point);
  if (!place || !page.mayWrite) return false;
  state.place = place;
  state.pane = point.pane;
  if (event.altKey || state.isPicking) {
    pick(place);
    return true;
  }
  const isEraser = event.button === 5; // the other end of a pen
  beginStroke(isEraser ? "erase" : state.tool, pressureOf(event));
  return true;
}

function move(point, event) {
  const place = placeOf(point);
  if (!place) return;
  state.place = place;
  continueStroke(pressureOf(event));
}

function up() {
  if (state.stroke) endStroke();
}

function cancel() {
  if (!state.stroke) return;
  state.painting.show(state.stroke.cancel());
  state.stroke = null;
  state.isDown = false;
  redraw();
}

function beginStroke(name, pressure) {
  const { painting, place, source } = state;
  if (name === "clone" && !source) return say("Set the source first: Alt and a click, or I");
  if (name === "clone" && !state.offset) state.offset = source.map((one, axis) => Math.round(one - place[axis]));
  const { size, hardness, opacity, pressureSize, pressureOpacity, colour, offset } = state;
  const brush = { size, hardness, opacity, pressureSize, pressureOpacity };
  state.stroke = painting.begin(name, { brush, colour, offset });
  return continueStroke(pressure);
}

function continueStroke(pressure) {
  if (state.stroke) state.painting.show(state.stroke.to(...state.place, pressure));
  redraw();
}

function endStroke() {
  const rectangle = state.stroke.end();
  state.stroke = null;
  state.isDown = false;
  if (!rectangle) return;
  state.painting.touched(rectangle);
  changed();
}

function undo() { if (!state.stroke && state.painting?.undo()) changed(); }
function redo() { if (!state.stroke && state.painting?.redo()) changed(); }

function pickHere() {
  if (state.painting && state.place) pick(state.place);
}

// Pick the colour at a place; with the clone, set what is copied.
function pick(place) {
  state.isPicking = false;
  if (state.tool === "clone") {
    state.source = place;
    state.offset = null;
    say("Now paint where you want the copy");
  } else {
    const found = state.painting.colourAt(...place);
    if (found) {
      state.colour = found;
      say("");
    }
    if (state.tool !== "brush") choose("brush");
  }
  showControls();
  redraw();
}

// The keyboard: arrows move the brush, Enter puts it down and lifts it.

function arrows(prefix, distance) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  return Object.fromEntries(Object.entries(steps).map(([key, [dx, dy]]) => [prefix + key, () => moveBrush(dx * distance, dy * distance)]));
}

function moveBrush(dx, dy) {
  const { painting, place } = state;
  if (!painting || !place) return;
  state.place = [Math.min(painting.width, Math.max(0, place[0] + dx)), Math.min(painting.height, Math.max(0, place[1] + dy))];
  if (state.isDown) continueStroke(1);
  redraw();
  say(`${state.isDown ? "Painting" : "Brush"} at ${Math.round(state.place[0])}, ${Math.round(state.place[1])}`);
}

function toggleDown() {
  if (!state.painting || !state.place || !page.mayWrite) return;
  if (state.isDown) return void endStroke();
  beginStroke(state.tool, 1);
  state.isDown = Boolean(state.stroke);
  if (state.isDown) say("Painting; press Enter to lift the brush");
}

// Saving

function changed() {
  redraw();
  save(state.painting);
  showControls();
}

async function save(painting) {
  if (painting.isSaving || !painting.unsaved) return;
  const rectangle = painting.unsaved, [left, top, right, bottom] = rectangle;
  painting.unsaved = null;
  painting.isSaving = true;
  unsent.add(painting);
  showControls();
  try {
    const strokes = await encodePng(painting.straight(rectangle), right - left, bottom - top);
    const query = new URLSearchParams({ part: painting.part, left, top, version: painting.version });
    const answer = await upload(`/upload/${painting.project}/painting/${painting.frame}?${query}`, strokes);
    painting.version = answer.version;
    unsent.remove(painting);
    showCommand(answer.command);
    emit("painted", painting.frame);
  } catch (error) {
    showError(error);
    if (unsent.canWait(error)) painting.touched(rectangle);
    else giveUp(painting);
    return;
  } finally {
    painting.isSaving = false;
    showControls();
  }
  save(painting);
}

// Refused strokes give way to the key as it is now.
function giveUp(painting) {
  unsent.remove(painting);
  if (state.painting !== painting) return;
  state.painting = state.stroke = null; // the next stroke may have been begun on the same picture
  state.isDown = false;
  load();
}

// Controls

function choose(name) {
  state.tool = name;
  state.isPicking = false;
  document.querySelector(`input[name=paint-tool][value=${name}]`).checked = true;
  showControls();
  redraw();
}

function setSize(size) {
  state.size = Math.min(MAX_SIZE, Math.max(MIN_SIZE, size));
  showControls();
  redraw();
}

function setHardness(hardness) {
  state.hardness = Math.min(1, Math.max(0, hardness));
  showControls();
  redraw();
}

// The slider of the size is logarithmic, so that small brushes can be set well.
function sizeOf(position) { return MIN_SIZE * (MAX_SIZE / MIN_SIZE) ** (position / 100); }
function positionOf(size) { return (100 * Math.log(size / MIN_SIZE)) / Math.log(MAX_SIZE / MIN_SIZE); }
function hexOf(colour) { return `#${colour.map((one) => Math.round(one * 255).toString(16).padStart(2, "0")).join("")}`; }
function ofHex(text) { return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16) / 255); }

function say(message) {
  const isOwn = state.tool === "erase" && state.painting && !state.painting.isRendered;
  element("paint-hint").textContent = message || (isOwn ? "Erase paint, down to the key as it was before you painted here" : HINTS[state.tool]);
}

function showControls() {
  const { painting } = state, set = (id, value) => { if (document.activeElement !== element(id) || element(id).type === "range") element(id).value = value; };
  set("paint-size", Math.round(positionOf(state.size)));
  set("paint-hardness", Math.round(100 * state.hardness));
  set("paint-opacity", Math.round(100 * state.opacity));
  element("paint-size-text").textContent = `${state.size < 10 ? state.size.toFixed(1) : Math.round(state.size)} px`;
  element("paint-size").setAttribute("aria-valuetext", element("paint-size-text").textContent);
  element("paint-hardness-text").textContent = `${Math.round(100 * state.hardness)} %`;
  element("paint-opacity-text").textContent = `${Math.round(100 * state.opacity)} %`;
  element("paint-colour").value = hexOf(state.colour);
  element("paint-pick").textContent = state.tool === "clone" ? "Set source" : "Pick colour";
  element("paint-pick").setAttribute("aria-pressed", state.isPicking);
  element("paint-undo").disabled = !painting?.layer.canUndo;
  element("paint-redo").disabled = !painting?.layer.canRedo;
  element("paint-clear").disabled = !painting;
  element("paint-state").textContent = stateText();
  say(state.isPicking ? "Click on the picture" : "");
}

function stateText() {
  const { painting } = state;
  if (!page.project) return "";
  if (!painting) return state.loading ? "Loading…" : `Frame ${page.player?.frame} has no key to paint on.`;
  if (!page.mayWrite) return "Another tab is in control.";
  if (painting.isSaving) return "Saving…";
  if (painting.unsaved) return "Not saved yet.";
  return painting.isFullSize ? `Key ${painting.frame}, saved` : `Key ${painting.frame} of this draft, saved`;
}

// The border of the brush, and what a clone copies.
function draw(context, stage) {
  const { painting, place, size, hardness, source, offset } = state;
  if (!painting || !place) return;
  const ratio = devicePixelRatio || 1, pane = stage.mode === "side" ? 1 : 0, shown = stage.rectangle();
  const toScreen = ([x, y], at) => stage.toScreen({ x: (x / painting.width) * stage.size[0], y: (y / painting.height) * stage.size[1] }, at);
  const radius = Math.max(1.5 * ratio, (size / 2) * (shown.height / painting.height));
  const ring = ([x, y], reach) => {
    for (const [colour, width] of [["rgb(0 0 0 / 0.7)", 3], ["#fff", 1]]) {
      context.beginPath();
      context.arc(x, y, reach, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.stroke();
    }
  };
  for (const one of stage.mode === "side" ? [0, pane] : [0]) ring(toScreen(place, one), radius);
  if (hardness < 0.9 && radius * hardness > 3 * ratio) ring(toScreen(place, state.pane), radius * hardness);
  if (state.tool !== "clone" || !source) return;
  const [x, y] = toScreen(offset ? [place[0] + offset[0], place[1] + offset[1]] : source, state.pane);
  for (const [colour, width] of [["rgb(0 0 0 / 0.7)", 3], ["#fff", 1]]) {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [0, 1]]) {
      context.moveTo(x - 8 * dx * ratio, y - 8 * dy * ratio);
      context.lineTo(x + 8 * dx * ratio, y + 8 * dy * ratio);
    }
    context.strokeStyle = colour;
    context.lineWidth = width * ratio;
    context.stroke();
  }
}
