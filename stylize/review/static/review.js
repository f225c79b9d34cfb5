// The review page: one project, its player and its panels.

import { PAGE, clearError, getJson, post, showError, upload } from "./api.js";
import { markCurrent, showKeys, showWorst } from "./panels.js";
import { Timeline } from "./timeline.js";
import { listen, start } from "./runs.js";
import { listenToKeys, listenToPointers } from "./input.js";
import { showLegend } from "./legend.js";
import { Pictures } from "./pictures.js";
import { Player } from "./player.js";
import { Stage } from "./stage.js";
import { startTheme } from "./theme.js";

const MODES = ["plate", "result", "wipe", "side", "difference"];
const MODE_NAMES = { plate: "Plate", result: "Result", wipe: "Wipe", side: "Plate and result", difference: "Difference" };
const WIPE_STEP = 0.02, PAN_STEP = 60, ZOOM_STEP = 1.25, GRAB = 12;
const element = (id) => document.getElementById(id);

const query = new URLSearchParams(location.search);
let mayWrite = false, project = null, player = null, pictures = null, overlay = "", needsDraw = true, shown = -1;
const stage = new Stage(element("canvas"), () => { player?.wish(); redraw(); });
const stageElement = element("stage");
const timeline = new Timeline(element("timeline"), element("lanes"), (place) => { player.pause(); player.seek(place); });

function redraw() {
  needsDraw = true;
}

// Names of pictures: kind, frame, width, and whether it is lossless.
function nameOf(kind, frame, exact) {
  return `${kind}/${frame}/${stage.wantedWidth}/${exact ? 1 : 0}`;
}

function urlOf(name) {
  const [kind, frame, width, exact] = name.split("/");
  const part = encodeURIComponent(project.part);
  return `/api/project/${project.id}/picture/${kind}/${frame}?width=${width}&exact=${exact}&part=${part}`;
}

function kindsOf() {
  return overlay ? [...stage.kinds, overlay] : stage.kinds;
}

// The lossless picture if it is there, else the one for playing; null where there is none, undefined while unknown.
function pictureOf(kind, frame) {
  const exact = player.direction ? undefined : pictures.get(nameOf(kind, frame, true));
  return exact === undefined ? pictures.get(nameOf(kind, frame, false)) : exact;
}

function isReady(place) {
  return kindsOf().every((kind) => pictures.has(nameOf(kind, player.frames[place], false)));
}

function wish(places) {
  const names = places.flatMap((place) => kindsOf().map((kind) => nameOf(kind, player.frames[place], false)));
  // Lossless pictures follow the ones for playing, which are there sooner.
  const exact = player.direction ? [] : kindsOf().map((kind) => nameOf(kind, player.frame, true));
  pictures.wish([...names.slice(0, kindsOf().length), ...exact, ...names.slice(kindsOf().length)]);
}

function draw() {
  requestAnimationFrame(draw);
  if (!player) return;
  const isResized = stage.fitToScreen();
  if (isResized) player.wish(); // proxies of another width may be needed
  if (!isResized && !needsDraw) return;
  needsDraw = false;
  if (player.place !== shown && !isReady(player.place)) return; // the picture before stays until this one is there
  const found = Object.fromEntries(kindsOf().map((kind) => [kind, pictureOf(kind, player.frame)]));
  shown = player.place;
  stage.draw(found, overlay ? found[overlay] : null);
  stageElement.dataset.frame = player.frame;
  stageElement.dataset.exact = kindsOf().every((kind) => pictures.has(nameOf(kind, player.frame, true)));
  const missing = stage.kinds.filter((kind) => found[kind] === null);
  element("missing").hidden = !missing.length;
  element("missing").textContent = missing.length ? `Frame ${player.frame} has no ${missing.join(" and no ")} yet.` : "";
  element("canvas").setAttribute("aria-label", `${MODE_NAMES[stage.mode]}, frame ${player.frame}`);
}

function showPlace() {
  redraw();
  document.body.classList.toggle("playing", player.direction !== 0);
  element("play").setAttribute("aria-label", player.direction ? "Pause" : "Play");
  if (document.activeElement !== element("frame")) element("frame").value = player.frame;
  element("timecode").textContent = project.timecodes[player.place];
  timeline.show(player);
  markCurrent(project, player.frame);
  showKeyActions();
  const speed = player.direction === 0 ? `${+project.rate.toFixed(3)} fps` : `${player.measuredRate.toFixed(1)} of ${+(project.rate * Math.abs(player.direction)).toFixed(3)} fps`;
  element("speed").textContent = player.direction < 0 ? `← ${speed}` : speed;
  const [first, last] = player.range;
  element("loop").textContent = player.loop ? `${player.frames[first]}–${player.frames[last]}` : "";
  element("loop-clear").disabled = !player.loop;
  showOverlayLegend();
}

function showOverlayLegend() {
  const legend = overlay ? project.legends[overlay] : null;
  const keys = overlay === "source" ? neighbours(player.frame).map((key) => (key === null ? "no key" : `key ${key}`)) : null;
  const text = JSON.stringify([overlay, keys]);
  if (element("legend").dataset.text === text) return;
  element("legend").dataset.text = text;
  showLegend(element("legend"), legend, keys);
}

// Frames of the keys before and after a frame.
function neighbours(frame) {
  const keys = project.keys.filter((key) => key.exists).map((key) => key.frame);
  return [keys.findLast((key) => key <= frame) ?? null, keys.find((key) => key > frame) ?? null];
}

function setMode(mode) {
  stage.mode = mode;
  document.querySelector(`input[name=mode][value=${mode}]`).checked = true;
  document.querySelector(".only-wipe").hidden = mode !== "wipe";
  document.querySelector(".only-difference").hidden = mode !== "difference";
  player.wish();
  showZoom();
  redraw();
}

function setOverlay(name) {
  overlay = name;
  element("overlay").value = name;
  element("opacity-choice").hidden = !name;
  player.wish();
  showPlace();
}

function showZoom() {
  const percent = Math.round(100 * stage.scale);
  element("zoom").textContent = stage.zoom ? `${percent} %` : "Fit";
  stageElement.classList.toggle("movable", stage.zoom > 0);
}

function zoomTo(zoom) {
  stage.setZoom(zoom);
  showZoom();
}

function setWipe(share) {
  stage.wipe = Math.min(1, Math.max(0, share));
  element("wipe").value = Math.round(100 * stage.wipe);
  redraw();
}

function jumpToKey(direction) {
  const keys = project.keys.map((key) => key.frame);
  const found = direction < 0 ? keys.findLast((key) => key < player.frame) : keys.find((key) => key > player.frame);
  if (found === undefined) return;
  player.pause();
  player.seekFrame(found);
}

function loopFrom() { player.setLoop(player.place, Math.max(player.place, player.range[1])); }
function loopTo() { player.setLoop(Math.min(player.place, player.range[0]), player.place); }
function loopNone() { player.setLoop(0, player.frames.length - 1); }
function goFirst() { player.step(player.range[0] - player.place); }
function goLast() { player.step(player.range[1] - player.place); }
function nextOverlay() {
  const names = ["", ...project.overlays];
  setOverlay(names[(names.indexOf(overlay) + 1) % names.length]);
}

function keyHere() { return project.keys.find((key) => key.frame === player.frame && key.planned); }

function showKeyActions() {
  const running = document.body.classList.contains("running");
  for (const control of document.querySelectorAll(".writes")) control.disabled = running || !mayWrite;
  if (running || !mayWrite) return;
  element("start-run").disabled = !project.can_run;
  element("start-plan").disabled = !project.can_run;
  element("start-report").disabled = project.results.length !== 1 || project.results[0][1] !== project.frames.length - 1;
  element("add-key").disabled = Boolean(keyHere());
  element("drop-key").disabled = !keyHere();
  element("drop-key").textContent = keyHere() ? `Drop ${player.frame}` : "Drop";
}

// Do something that changes the project, show the command line that does the same, and the state after it.
async function change(action) {
  try {
    clearError();
    const { command } = await action();
    if (command) element("command").textContent = command;
    await reload();
  } catch (error) {
    showError(error);
  }
}

function begin(action) {
  return change(() => start(project, action));
}

function changeKey(change_) {
  const frame = player.frame;
  return change(() => post(`/api/project/${project.id}/key`, { change: change_, frame }));
}

function paintKey(file, frame) {
  return change(() => upload(`/upload/${project.id}/key/${frame}`, file));
}

// Read the state again, and keep what is displayed.
async function reload() {
  project = await getJson(`/api/project/${project.id}?part=${encodeURIComponent(project.part)}`);
  pictures.forgetAll();
  const command = element("command").textContent;
  showFacts();
  element("command").textContent = command;
  player.wish();
  showPlace();
  await loadCurves(project.part);
}

function connectRuns() {
  element("start-run").addEventListener("click", () => begin("run"));
  element("start-plan").addEventListener("click", () => begin("plan"));
  element("start-report").addEventListener("click", () => begin("report"));
  element("cancel").addEventListener("click", () => post("/api/cancel").catch(showError));
  element("take").addEventListener("click", () => post("/api/writer").catch(showError));
  element("add-key").addEventListener("click", () => changeKey("add"));
  element("drop-key").addEventListener("click", () => changeKey("drop"));
  element("paint-key").addEventListener("change", (event) => {
    if (event.target.files[0]) paintKey(event.target.files[0], player.frame);
    event.target.value = "";
  });
  listen({
    page: PAGE,
    projectId: () => project?.id,
    onFrame: (frame) => {
      pictures?.forgetAll((name) => name.split("/")[1] === String(frame));
      player?.wish();
      redraw();
    },
    onKey: () => reload().catch(showError),
    onEnd: () => reload().catch(showError),
    onWriter: (is) => { mayWrite = is; element("watching").hidden = is; if (player) showKeyActions(); },
    onStatus: () => { if (player) showKeyActions(); },
  });
  timeline.acceptDrops((file, place) => { if (mayWrite) paintKey(file, player.frames[place]); });
}

function connect() {
  for (const input of document.querySelectorAll("input[name=mode]")) input.addEventListener("change", () => setMode(input.value));
  element("overlay").addEventListener("change", (event) => setOverlay(event.target.value));
  element("opacity").addEventListener("input", (event) => { stage.opacity = event.target.value / 100; redraw(); });
  element("wipe").addEventListener("input", (event) => setWipe(event.target.value / 100));
  element("gain").addEventListener("change", (event) => { stage.gain = +event.target.value; redraw(); });
  element("frame").addEventListener("change", (event) => {
    player.pause();
    player.seekFrame(+event.target.value);
    event.target.value = player.frame;
  });
  element("part").addEventListener("change", (event) => open(event.target.value).catch(showError));
  const clicks = {
    first: goFirst, last: goLast, back: () => player.step(-1), forth: () => player.step(1), play: () => player.toggle(),
    "key-before": () => jumpToKey(-1), "key-after": () => jumpToKey(1), "loop-in": loopFrom, "loop-out": loopTo,
    "loop-clear": loopNone, "zoom-in": () => zoomTo(stage.scale * ZOOM_STEP), "zoom-out": () => zoomTo(stage.scale / ZOOM_STEP),
    "zoom-fit": () => zoomTo(0), "zoom-one": () => zoomTo(1), "help-open": () => element("help").showModal(),
  };
  for (const [id, action] of Object.entries(clicks)) element(id).addEventListener("click", action);
  listenToKeys({
    " ": () => player.toggle(), l: () => player.play(1), j: () => player.play(-1), k: () => player.pause(),
    ArrowLeft: () => player.step(-1), ArrowRight: () => player.step(1), PageUp: () => player.step(-10),
    PageDown: () => player.step(10), Home: goFirst, End: goLast, ArrowUp: () => jumpToKey(-1), ArrowDown: () => jumpToKey(1),
    i: loopFrom, o: loopTo, u: loopNone, m: nextOverlay, "+": clicks["zoom-in"], "=": clicks["zoom-in"],
    "-": clicks["zoom-out"], 0: clicks["zoom-fit"], "[": () => setWipe(stage.wipe - WIPE_STEP), "]": () => setWipe(stage.wipe + WIPE_STEP),
    "Shift+ArrowLeft": () => stage.pan(PAN_STEP, 0), "Shift+ArrowRight": () => stage.pan(-PAN_STEP, 0),
    "Shift+ArrowUp": () => stage.pan(0, PAN_STEP), "Shift+ArrowDown": () => stage.pan(0, -PAN_STEP),
    ...Object.fromEntries(MODES.map((mode, place) => [place + 1, () => setMode(mode)])),
  });
  listenToPointers(stageElement, stage, {
    grabsWipe: ([x]) => stage.mode === "wipe" && Math.abs(x - stage.wipeX) < GRAB * (devicePixelRatio || 1),
    onWipe: ([x]) => { const { x: left, width } = stage.rectangle(); setWipe((x - left) / width); },
  });
  stageElement.addEventListener("wheel", showZoom, { passive: true });
  new ResizeObserver(() => { player?.wish(); showZoom(); redraw(); }).observe(stageElement);
  // A person may have saved a picture in another program meanwhile.
  addEventListener("focus", () => { pictures?.forgetAll(); player?.wish(); redraw(); });
}

// Open a part of the project: the whole shot, a layer or a draft.
async function open(part) {
  const state = await getJson(`/api/project/${project?.id || await firstProject()}?part=${encodeURIComponent(part)}`);
  const frame = player?.frame;
  project = state;
  stage.size = [state.width, state.height];
  stage.widths = state.widths;
  pictures = new Pictures(urlOf, () => redraw());
  pictures.failed = showError;
  player?.pause();
  player = new Player({ frames: state.frames, rate: state.rate, isReady, onShow: showPlace, onWish: wish });
  shown = -1;
  showFacts();
  setOverlay(state.overlays.includes(overlay) ? overlay : "");
  setMode(state.results.length || frame !== undefined ? stage.mode : "plate");
  player.seek(Math.max(0, state.frames.indexOf(frame ?? +query.get("frame"))));
  await loadCurves(part);
}

function showFacts() {
  document.title = `${project.name} – review`;
  element("name").textContent = project.name;
  const made = project.results.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const results = made === project.frames.length ? "all made" : `${made} made`;
  element("facts").textContent = `${project.width} × ${project.height}, ${+project.rate.toFixed(3)} fps, ${project.frames.length} frames, ${results}`;
  element("part").replaceChildren(...project.parts.map(({ name, label }) => new Option(label, name, false, name === project.part)));
  element("part-choice").hidden = project.parts.length < 2;
  const names = { error: "Error", source: "Which key", matte: "Matte" };
  element("overlay").replaceChildren(new Option("None", ""), ...project.overlays.map((name) => new Option(names[name], name)));
  element("overlay-tools").hidden = !project.overlays.length;
  timeline.setProject(project);
  showKeys(project, seekTo);
  element("command").textContent = project.commands.run;
  element("frame").min = project.frames[0];
  element("frame").max = project.frames.at(-1);
  if (project.problem) showError(new Error(project.problem));
}

async function firstProject() {
  if (query.get("project")) return query.get("project");
  const found = await getJson("/api/projects");
  if (found.shown.length) return found.shown[0];
  location.replace("/start");
  return new Promise(() => {}); // this page is left
}

function seekTo(frame) {
  player.pause();
  player.seekFrame(frame);
}

// Fetch the curves, again while the server has yet to read the error maps of a long shot.
async function loadCurves(part) {
  const found = await getJson(`/api/project/${project.id}/curves?part=${encodeURIComponent(part)}`);
  if (part !== project.part) return;
  timeline.setCurves(found);
  showWorst(found.worst, seekTo);
  if (!found.is_complete) await loadCurves(part);
}

startTheme(() => { redraw(); timeline.redraw(); });
connect();
connectRuns();
draw();
open("").catch(showError);
