// Panel of notes: on a frame or on a box that is drawn on it; their export; and approval.

import { clearError, getJson, post, showError } from "./api.js";
import { change, on, page, routeOf, seekTo, showCommand } from "./page.js";
import { element, text } from "./rows.js";
import { addPanel, currentPanel, showPanel } from "./tabs.js";
import { activate, activeTool, addDrawing, onTool } from "./tools.js";
import { redraw } from "./viewer.js";

const STEP = 0.02, MIN_SIDE = 0.01;
let notes = [], box = null, edited = null, start = null;

const tool = {
  name: "note",
  enter: () => { box = box || [0.35, 0.35, 0.3, 0.3]; showBox(); },
  leave: showBox,
  down: (point) => { start = share(point); box = [...start, 0, 0]; },
  move: (point) => { drag(share(point)); },
  up: (point) => { drag(share(point)); if (box && Math.min(box[2], box[3]) < MIN_SIDE) box = null; start = null; finish(); },
  cancel: () => { start = null; box = null; showBox(); },
  keys: {
    ArrowLeft: () => moveBox(-STEP, 0), ArrowRight: () => moveBox(STEP, 0), ArrowUp: () => moveBox(0, -STEP), ArrowDown: () => moveBox(0, STEP),
    "Shift+ArrowLeft": () => resizeBox(-STEP, 0), "Shift+ArrowRight": () => resizeBox(STEP, 0),
    "Shift+ArrowUp": () => resizeBox(0, -STEP), "Shift+ArrowDown": () => resizeBox(0, STEP), Enter: () => finish(),
  },
};

export function startNotes() {
  addPanel("notes", { show: () => { showFrame(); redraw(); }, hide: () => { if (activeTool() === tool) activate(null); redraw(); } });
  on("project", () => load().catch(showError));
  on("place access", showFrame);
  on("server:notes", ({ project }) => { if (project === page.project?.id) load().catch(showError); });
  addDrawing(drawBoxes);
  onTool((active) => {
    element("note-box").setAttribute("aria-pressed", active === tool);
    element("note-box-help").hidden = active !== tool;
  });
  element("note-box").addEventListener("click", drawBox);
  element("note-box-clear").addEventListener("click", () => { box = null; showBox(); });
  element("note-save").addEventListener("click", save);
  element("note-text").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(); });
  element("note-cancel").addEventListener("click", clear);
  element("notes-export").addEventListener("click", exportNotes);
  element("approve").addEventListener("click", () => element("approve-dialog").showModal());
  element("approve-dialog").addEventListener("close", () => {
    if (element("approve-dialog").returnValue === "approve") change(() => post(routeOf("/start"), { action: "approve" }));
    element("approve-dialog").returnValue = "";
  });
  page.actions.n = () => { showPanel("notes"); drawBox(); };
}

function drawBox() {
  activate(tool);
  if (activeTool() === tool) element("stage").focus();
}

function share({ x, y }) {
  const [width, height] = page.stage.size;
  return [limit(x / width), limit(y / height)];
}

function limit(value, low = 0, high = 1) {
  return Math.min(high, Math.max(low, value));
}

function drag([x, y]) {
  if (!start) return;
  box = [Math.min(x, start[0]), Math.min(y, start[1]), Math.abs(x - start[0]), Math.abs(y - start[1])];
  redraw();
}

function moveBox(x, y) {
  if (!box) return;
  box = [limit(box[0] + x, 0, 1 - box[2]), limit(box[1] + y, 0, 1 - box[3]), box[2], box[3]];
  redraw();
}

function resizeBox(x, y) {
  if (!box) return;
  box = [box[0], box[1], limit(box[2] + x, MIN_SIDE, 1 - box[0]), limit(box[3] + y, MIN_SIDE, 1 - box[1])];
  redraw();
}

// Leave the tool with its box, and go on with the text.
function finish() {
  activate(null);
  showBox();
  element("note-text").focus();
}

function showBox() {
  element("note-box-clear").hidden = !box;
  redraw();
}

function showFrame() {
  if (!page.player) return;
  const { frame } = page.player;
  element("note-frame").textContent = frame;
  for (const item of element("notes").children) item.toggleAttribute("data-current", item.dataset.frame === String(frame));
  for (const control of element("notes").querySelectorAll(".steers")) control.disabled = !page.mayWrite;
  const isFinished = page.project.results.length === 1 && page.project.results[0][1] === page.project.frames.length - 1;
  const mayChange = page.mayWrite && !page.isRunning;
  element("note-save").disabled = !page.mayWrite;
  element("notes-export").disabled = !mayChange || !notes.length;
  element("approve").disabled = !mayChange || !isFinished;
}

async function load() {
  notes = (await getJson(routeOf("/notes"))).notes;
  page.notes = notes;
  element("notes").replaceChildren(...notes.map(entry));
  element("note-count").textContent = notes.length || "";
  element("no-notes").hidden = notes.length > 0;
  page.timeline.redraw();
  showFrame();
  redraw();
}

function entry(note) {
  const item = document.createElement("li"), actions = document.createElement("span");
  item.dataset.frame = note.frame;
  const go = text("button", `Frame ${note.frame}${note.box ? ", box" : ""}`);
  go.type = "button";
  go.setAttribute("aria-label", `Go to note ${note.number}, frame ${note.frame}`);
  go.addEventListener("click", () => seekTo(note.frame));
  actions.className = "group";
  actions.append(go, button("Edit", `Edit note ${note.number}`, () => edit(note)), button("Remove", `Remove note ${note.number}`, () => remove(note)));
  item.append(text("span", note.number, "figure muted"), text("p", note.text), actions);
  return item;
}

function button(label, description, onClick) {
  const made = text("button", label, "steers");
  made.type = "button";
  made.setAttribute("aria-label", description);
  made.addEventListener("click", onClick);
  return made;
}

function edit(note) {
  seekTo(note.frame);
  edited = note;
  box = null;
  element("note-text").value = note.text;
  element("note-save").textContent = `Save note ${note.number}`;
  element("note-cancel").hidden = false;
  element("note-box").disabled = true;
  element("note-text").focus();
}

function clear() {
  edited = box = null;
  element("note-text").value = "";
  element("note-save").textContent = "Add note";
  element("note-cancel").hidden = true;
  element("note-box").disabled = false;
  showBox();
}

async function save() {
  const value = element("note-text").value, { frame } = page.player;
  const asked = edited ? { change: "edit", number: edited.number, text: value } : { change: "add", frame, text: value, box };
  if (await send(asked)) clear();
}

function remove(note) {
  return send({ change: "remove", number: note.number });
}

// Notes change nothing else, so that nothing else is read again.
async function send(asked) {
  try {
    clearError();
    const done = await post(routeOf("/note"), asked);
    showCommand(done.command);
    await load();
    return true;
  } catch (error) {
    showError(error);
    return false;
  }
}

async function exportNotes() {
  const kinds = [...element("note-kinds").querySelectorAll("input:checked")].map((input) => input.value);
  try {
    clearError();
    const done = await post(routeOf("/notes/export"), { kinds });
    showCommand(done.command);
    element("note-files").replaceChildren(...done.files.map((file) => text("li", file)));
  } catch (error) {
    showError(error);
  }
}

// Outline the boxes of the notes on the frame, each with its number, and the one that is being drawn.
function drawBoxes(context, stage) {
  if (currentPanel() !== "notes" || !page.player) return;
  const ratio = devicePixelRatio || 1, style = getComputedStyle(document.documentElement);
  const shown = notes.filter((note) => note.frame === page.player.frame && note.box && note !== edited);
  for (const note of shown) outline(context, stage, note.box, style.getPropertyValue("--key").trim(), note.number, ratio);
  if (box) outline(context, stage, box, style.getPropertyValue("--chosen").trim(), "", ratio);
}

function outline(context, stage, [left, top, width, height], colour, label, ratio) {
  const [wide, high] = stage.size;
  const [x, y] = stage.toScreen({ x: left * wide, y: top * high });
  const [right, bottom] = stage.toScreen({ x: (left + width) * wide, y: (top + height) * high });
  context.lineWidth = 4 * ratio;
  context.strokeStyle = "#000";
  context.strokeRect(x, y, right - x, bottom - y);
  context.lineWidth = 2 * ratio;
  context.strokeStyle = colour;
  context.strokeRect(x, y, right - x, bottom - y);
  if (label === "") return;
  context.font = `600 ${13 * ratio}px system-ui, sans-serif`;
  const size = context.measureText(label).width + 10 * ratio;
  context.fillStyle = "rgb(0 0 0 / 0.8)";
  context.fillRect(x, y, size, 20 * ratio);
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(label, x + 5 * ratio, y + 10 * ratio);
}
