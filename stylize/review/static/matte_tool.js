// The tool on the picture that paints mattes: brush, lasso and clicks. It saves after every stroke.

import { errorOf, showError, upload } from "./api.js";
import { Lasso } from "./lasso.js";
import { MattePainting } from "./matte_painting.js";
import { emit, on, page, routeOf, showCommand } from "./page.js";
import { encodePng } from "./png.js";
import { element } from "./rows.js";
import { activate, activeTool, onTool } from "./tools.js";
import { Unsent } from "./unsent.js";
import { redraw, setOverlay } from "./viewer.js";

const KEYS = { b: "paint", e: "erase", f: "fill", d: "cut", r: "restore", c: "click" };
const OTHER = { paint: "erase", erase: "paint", fill: "cut", cut: "fill" };
const BRUSHES = ["paint", "erase", "restore"], LASSOS = ["fill", "cut"];
const MIN_SIZE = 1, MAX_SIZE = 800, SIZE_STEP = 1.15, HARDNESS_STEP = 0.1, FAR = 10, DRAG = 5;
const HINTS = {
  paint: "Paint what is inside. X swaps paint and erase.", erase: "Erase what is outside. X swaps erase and paint.",
  fill: "Draw around an area that is inside, or click from point to point.",
  cut: "Draw around an area that is outside, or click from point to point.",
  restore: "Restores the matte as it was when you opened it.",
  click: "Click on the subject, or with Alt on what is not part of it. You can also drag a box around it.",
};

// mattes: the state that the server sent. place: of the pointer in pixels of the plate. box: corners that are dragged.
export const state = {
  tool: "paint", size: 40, hardness: 0.7, view: "dim", mattes: null, painting: null, stroke: null, place: null, pane: 0,
  box: null, isDown: false, hasPen: false, loading: "",
};
let unsent = null;
const lasso = new Lasso(() => page.stage.scale / (devicePixelRatio || 1) / (state.painting ? state.painting.width / page.stage.size[0] : 1));

export const tool = {
  name: "mattes", cursor: "none",
  enter() {
    if (element("overlay").value === "matte") setOverlay(""); // the tool shows the matte itself
    element("matte-bar").hidden = false;
    load();
    showControls();
  },
  leave() {
    element("matte-bar").hidden = true;
    putAway();
    redraw();
  },
  down, move, up, cancel, draw,
  hover(point) {
    state.place = placeOf(point);
    state.pane = point.pane;
    redraw();
  },
  keys: {
    "Ctrl+z": undo, "Ctrl+Shift+z": redo, "Ctrl+y": redo, Enter: pressEnter, x: swapOrCorner, Backspace: removePoint, Delete: clear,
    "[": () => setSize(state.size / SIZE_STEP), "]": () => setSize(state.size * SIZE_STEP),
    "{": () => setHardness(state.hardness - HARDNESS_STEP), "}": () => setHardness(state.hardness + HARDNESS_STEP),
    ...Object.fromEntries(Object.entries(KEYS).map(([key, name]) => [key, () => choose(name)])),
    ...arrows("", 1), ...arrows("Shift+", FAR),
  },
};

export function startMatteTool() {
  for (const input of document.querySelectorAll("input[name=matte-tool]")) input.addEventListener("change", () => choose(input.value));
  element("matte-size").addEventListener("input", (event) => setSize(MIN_SIZE * (MAX_SIZE / MIN_SIZE) ** (event.target.value / 100)));
  element("matte-hardness").addEventListener("input", (event) => setHardness(event.target.value / 100));
  element("matte-undo").addEventListener("click", undo);
  element("matte-redo").addEventListener("click", redo);
  element("matte-clear").addEventListener("click", clear);
  element("matte-done").addEventListener("click", () => { activate(null); element("edit-matte").focus(); });
  element("matte-view").addEventListener("change", (event) => {
    state.view = event.target.value;
    state.painting?.setView(state.view);
    redraw();
  });
  onTool((active) => element("edit-matte").setAttribute("aria-pressed", active === tool));
  unsent = new Unsent(save);
  on("open", () => { if (isActive()) activate(null); });
  on("place", () => { if (isActive()) load(); });
  on("mattes access", () => { if (isActive()) load(); showControls(); redraw(); });
}

export function isActive() {
  return activeTool() === tool;
}

// Version of the painted matte of a frame on the server; empty if it has none.
function versionOf(frame) {
  return state.mattes?.painted.find((one) => one.frame === frame)?.version || "";
}

// End what is being drawn, which belongs to the frame that it was begun on.
function putAway() {
  if (state.stroke) endStroke();
  lasso.clear();
  state.painting = state.box = null;
}

// Load the matte of the displayed frame, unless it is there. A run or another tab may have changed it meanwhile.
async function load() {
  const { painting, mattes } = state, { frame } = page.player, { id, part } = page.project;
  if (!mattes || !mattes.is_full_size || page.player.direction) {
    putAway();
    return void redraw();
  }
  if (painting?.frame === frame && painting.part === part) {
    if (painting.version === versionOf(frame) || painting.isSaving || painting.unsaved || state.stroke) return;
  } else {
    putAway();
    state.painting = unsent.find(frame, part) || null;
    if (state.painting) {
      state.loading = "";
      return void redraw();
    }
  }
  const name = `${id}/${part}/${frame}/${versionOf(frame)}`;
  if (name === state.loading) return;
  state.loading = name;
  redraw();
  showControls();
  try {
    const found = await fetchPainting(frame, part);
    if (state.loading === name && isActive()) {
      state.painting = found;
      state.place ??= [found.width / 2, found.height / 2];
    }
  } catch (error) {
    showError(error);
  } finally {
    if (state.loading === name) state.loading = "";
  }
  redraw();
  showControls();
}

async function fetchPainting(frame, part) {
  const response = await fetch(routeOf(`/matte/${frame}?part=${encodeURIComponent(part)}`));
  if (!response.ok && response.status !== 404) throw await errorOf(response);
  const [width, height] = state.mattes.size, version = versionOf(frame);
  const values = response.ok ? new Uint16Array(await response.arrayBuffer()) : null;
  const aspect = (page.stage.size[0] / width) / (page.stage.size[1] / height);
  const painting = new MattePainting({ width, height, values, view: state.view, aspect });
  return Object.assign(painting, { frame, part, project: page.project.id, version, isNew: !version, isKept: false, isSaving: false });
}

// Pointers

function placeOf({ x, y }) {
  const { painting } = state;
  return painting && [(x / page.stage.size[0]) * painting.width, (y / page.stage.size[1]) * painting.height];
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
  if (state.tool === "click") state.box = { from: place, to: place, isOutside: event.altKey };
  else if (LASSOS.includes(state.tool)) lasso.down(place);
  else beginStroke(event.button === 5 ? "erase" : state.tool, pressureOf(event)); // 5: the other end of a pen
  redraw();
  return true;
}

function move(point, event) {
  const place = placeOf(point);
  if (!place) return;
  state.place = place;
  if (state.box) state.box.to = place;
  else if (lasso.isDrawing) lasso.move(place);
  else continueStroke(pressureOf(event));
  redraw();
}

function up() {
  if (state.box) endBox();
  else if (lasso.isDrawing) fill(lasso.up(state.place));
  else if (state.stroke) endStroke();
  redraw();
}

function cancel() {
  if (state.stroke) state.painting.show(state.stroke.cancel());
  state.stroke = state.box = null;
  state.isDown = false;
  lasso.clear();
  redraw();
}

function beginStroke(name, pressure) {
  const brush = { size: state.size, hardness: state.hardness, opacity: 1, pressureSize: true, pressureOpacity: false };
  state.stroke = state.painting.begin(name, brush);
  continueStroke(pressure);
}

function continueStroke(pressure) {
  if (state.stroke) state.painting.show(state.stroke.to(...state.place, pressure));
  redraw();
}

function endStroke() {
  const changed = state.painting.touched(state.stroke.end());
  state.stroke = null;
  state.isDown = false;
  if (changed) save(state.painting);
  showControls();
}

function fill(points) {
  if (points && state.painting.fill(state.tool, points)) save(state.painting);
  showControls();
}

function clear() { if (!state.stroke && state.painting && page.mayWrite && state.painting.clear()) save(state.painting); showControls(); }
function undo() { if (!state.stroke && state.painting?.undo()) save(state.painting); showControls(); }
function redo() { if (!state.stroke && state.painting?.redo()) save(state.painting); showControls(); }

// A box that is hardly dragged is a click.
function endBox() {
  const { from, to, isOutside } = state.box;
  state.box = null;
  if (Math.hypot(to[0] - from[0], to[1] - from[1]) * page.stage.scale < DRAG) return addClick(isOutside ? "exclude" : "click", [to]);
  return addClick("box", [from.map((one, axis) => Math.min(one, to[axis])), from.map((one, axis) => Math.max(one, to[axis]))]);
}

function addClick(kind, points) {
  const { painting } = state, limit = kind === "box" ? [painting.width, painting.height] : [painting.width - 1, painting.height - 1];
  const numbers = points.flatMap((point) => point.map((one, axis) => Math.min(limit[axis], Math.max(0, Math.floor(one)))));
  emit("click", `${kind}:${numbers.join(",")}@${painting.frame}`);
}

// The keyboard: arrows move the pointer, Enter puts the brush down and lifts it, adds a point or clicks.

function arrows(prefix, distance) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  return Object.fromEntries(Object.entries(steps).map(([key, [dx, dy]]) => [prefix + key, () => moveBy(dx * distance, dy * distance)]));
}

function moveBy(dx, dy) {
  const { painting, place } = state;
  if (!painting || !place) return;
  state.place = [Math.min(painting.width, Math.max(0, place[0] + dx)), Math.min(painting.height, Math.max(0, place[1] + dy))];
  if (state.isDown) continueStroke(1);
  if (state.box) state.box.to = state.place;
  redraw();
  say(`${state.isDown ? "Painting at" : "At"} ${Math.round(state.place[0])}, ${Math.round(state.place[1])}`);
}

function pressEnter() {
  if (!state.painting || !state.place || !page.mayWrite) return;
  if (state.tool === "click") addClick("click", [state.place]);
  else if (LASSOS.includes(state.tool)) {
    fill(lasso.add([...state.place]));
    if (lasso.isOpen) say(`${lasso.points.length} points; press Enter again at the last one to fill the area`);
  } else if (state.isDown) endStroke();
  else {
    beginStroke(state.tool, 1);
    state.isDown = true;
    say("Painting; press Enter to lift the brush");
  }
  redraw();
}

// X swaps a tool and its opposite; with clicks, it sets one corner of a box and then the other.
function swapOrCorner() {
  if (OTHER[state.tool]) return choose(OTHER[state.tool]);
  if (state.tool !== "click" || !state.painting || !state.place || !page.mayWrite) return undefined;
  if (state.box) return endBox();
  state.box = { from: state.place, to: state.place, isOutside: false };
  return say("Move to the other corner of the box, and press X");
}

function removePoint() {
  lasso.removeLast();
  redraw();
}

// Saving

async function save(painting) {
  if (painting.isSaving || !painting.unsaved) return;
  const rectangle = painting.unsaved, [left, top, right, bottom] = rectangle;
  painting.unsaved = null;
  painting.isSaving = true;
  unsent.add(painting);
  showControls();
  try {
    const paint = await encodePng(painting.grey(rectangle), right - left, bottom - top);
    // The matte as it was before the first stroke is kept beside the others.
    const query = new URLSearchParams({ part: painting.part, left, top, keep: painting.isKept ? 0 : 1 });
    const answer = await upload(`/upload/${painting.project}/matte/${painting.frame}?${query}`, paint);
    Object.assign(painting, { version: answer.version, isKept: true });
    unsent.remove(painting);
    showCommand(answer.command);
    emit("mattes-saved", painting);
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

// Refused strokes give way to the matte as it is now.
function giveUp(painting) {
  unsent.remove(painting);
  if (state.painting !== painting) return;
  state.painting = state.stroke = null; // the next stroke may have been begun on the same picture
  state.isDown = false;
  load();
}

// Controls

export function choose(name) {
  if (name !== state.tool) lasso.clear();
  state.tool = name;
  state.box = null;
  document.querySelector(`input[name=matte-tool][value=${name}]`).checked = true;
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

function say(message) {
  element("matte-hint").textContent = message || HINTS[state.tool];
}

export function showControls() {
  const { painting } = state;
  element("matte-size").value = Math.round((100 * Math.log(state.size / MIN_SIZE)) / Math.log(MAX_SIZE / MIN_SIZE));
  element("matte-hardness").value = Math.round(100 * state.hardness);
  element("matte-size-text").textContent = `${state.size < 10 ? state.size.toFixed(1) : Math.round(state.size)} px`;
  element("matte-size").setAttribute("aria-valuetext", element("matte-size-text").textContent);
  element("matte-hardness-text").textContent = `${Math.round(100 * state.hardness)} %`;
  element("matte-brush").hidden = !BRUSHES.includes(state.tool);
  element("matte-undo").disabled = !painting?.layer.canUndo;
  element("matte-clear").disabled = !painting || !page.mayWrite;
  element("matte-redo").disabled = !painting?.layer.canRedo;
  element("matte-state").textContent = stateText();
  say("");
}

function stateText() {
  const { painting, mattes } = state;
  if (!page.project || !mattes) return "";
  if (!mattes.is_full_size) return page.project.parts.some(({ name }) => name.startsWith("layers/")) ? "Choose a layer with Show." : "Choose Full size with Show.";
  if (!painting) return state.loading ? "Loading…" : "";
  if (!page.mayWrite) return "Another tab is in control.";
  if (painting.isSaving) return "Saving…";
  if (painting.unsaved) return "Not saved yet.";
  return painting.version ? `Frame ${painting.frame}, saved` : `Frame ${painting.frame}, not painted`;
}

// The matte, the border of the brush or the line of the lasso, and the clicks of the frame.
function draw(context, stage) {
  const { painting, place } = state;
  if (!painting || painting.frame !== page.player.frame) return;
  const panes = stage.mode === "side" ? [0, 1] : [0];
  for (const pane of panes) {
    const { x, y, width, height } = stage.rectangle(pane * stage.paneWidth);
    context.save();
    context.beginPath();
    context.rect(pane * stage.paneWidth, 0, stage.paneWidth, stage.canvas.height);
    context.clip();
    context.imageSmoothingEnabled = stage.zoom < 2;
    context.drawImage(painting.canvas, x, y, width, height);
    drawClicks(context, stage, pane);
    context.restore();
  }
  const toScreen = ([x, y]) => stage.toScreen({ x: (x / painting.width) * stage.size[0], y: (y / painting.height) * stage.size[1] }, state.pane);
  if (lasso.isOpen) outline(context, [...lasso.points, ...(place && !lasso.isDrawing ? [place] : [])].map(toScreen));
  if (state.box) outline(context, cornersOf(state.box.from, state.box.to).map(toScreen), true);
  if (!place) return;
  const radius = (state.size / 2) * (stage.rectangle().height / painting.height);
  if (BRUSHES.includes(state.tool)) circle(context, toScreen(place), Math.max(1.5 * ratio(), radius));
  else cross(context, toScreen(place));
}

function drawClicks(context, stage, pane) {
  const { painting } = state;
  for (const text of state.mattes?.clicks || []) {
    const [, kind, numbers, frame] = /^(\w+):([^@]+)@(-?\d+)$/.exec(text);
    if (+frame !== painting.frame) continue;
    const at = numbers.split(",").map(Number);
    const toScreen = ([x, y]) => stage.toScreen({ x: (x / painting.width) * stage.size[0], y: (y / painting.height) * stage.size[1] }, pane);
    if (kind === "box") outline(context, cornersOf([at[0], at[1]], [at[2], at[3]]).map(toScreen), true);
    else {
      const [x, y] = toScreen([at[0] + 0.5, at[1] + 0.5]);
      circle(context, [x, y], 7 * ratio(), kind === "click" ? "#fff" : "#000");
      lines(context, kind === "click" ? [[-4, 0, 4, 0], [0, -4, 0, 4]] : [[-4, 0, 4, 0]], x, y, kind === "click" ? "#000" : "#fff");
    }
  }
}

function cornersOf([left, top], [right, bottom]) {
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

function ratio() {
  return devicePixelRatio || 1;
}

// Draw a path twice, dark and light, so that it is visible on every picture.
function twice(context, path) {
  for (const [colour, width] of [["rgb(0 0 0 / 0.75)", 3], ["#fff", 1]]) {
    context.beginPath();
    path();
    context.strokeStyle = colour;
    context.lineWidth = width * ratio();
    context.stroke();
  }
}

function outline(context, points, isClosed = false) {
  twice(context, () => {
    for (const [x, y] of points) context.lineTo(x, y);
    if (isClosed) context.closePath();
  });
  if (isClosed || points.length < 2) return;
  circle(context, points[0], 4 * ratio(), "#fff");
}

function circle(context, [x, y], radius, fill = "") {
  if (fill) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
  }
  twice(context, () => context.arc(x, y, radius, 0, 2 * Math.PI));
}

function cross(context, [x, y]) {
  const size = 9 * ratio();
  twice(context, () => {
    context.moveTo(x - size, y);
    context.lineTo(x + size, y);
    context.moveTo(x, y - size);
    context.lineTo(x, y + size);
  });
}

function lines(context, found, x, y, colour) {
  context.beginPath();
  for (const [fromX, fromY, toX, toY] of found) {
    context.moveTo(x + fromX * ratio(), y + fromY * ratio());
    context.lineTo(x + toX * ratio(), y + toY * ratio());
  }
  context.strokeStyle = colour;
  context.lineWidth = 1.5 * ratio();
  context.stroke();
}
