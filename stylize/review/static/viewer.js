// The picture and its controls: which pictures are needed, modes, overlays, zoom, transport and keyboard.

import { showError } from "./api.js";
import { addressOf, nameOfKind } from "./compared.js";
import { listenToKeys, listenToPointers, refuseStrayFiles } from "./input.js";
import { showLegend } from "./legend.js";
import { emit, on, open, page, resultPart } from "./page.js";
import { Pictures } from "./pictures.js";
import { Player } from "./player.js";
import { Stage } from "./stage.js";
import { activeTool, drawTools, toolAction, toolPointer } from "./tools.js";

const MODES = ["plate", "result", "wipe", "side", "difference"];
const MODE_NAMES = { plate: "Plate", result: "Result", wipe: "Wipe", side: "Side by side", difference: "Difference" };
const OVERLAY_NAMES = { new: "New content", error: "Error", source: "Source key", motion: "Motion", matte: "Matte" };
const WIPE_STEP = 0.02, PAN_STEP = 60, ZOOM_STEP = 1.25, GRAB = 12;
const element = (id) => document.getElementById(id);

let overlay = "", needsDraw = true, shown = -1;
const stageElement = element("stage");
const stage = page.stage = new Stage(element("canvas"), () => { page.player?.wish(); showZoom(); redraw(); emit("view"); });

// Draw the picture again, soon.
export function redraw() {
  needsDraw = true;
}

// Names of pictures: kind, frame, width, and whether it is lossless.
function nameOf(kind, frame, exact) {
  return `${kind}/${frame}/${stage.wantedWidth}/${exact ? 1 : 0}`;
}

function urlOf(name) {
  const [kind, frame, width, exact] = name.split("/");
  const other = addressOf(kind, frame);
  if (other) return `${other}width=${width}&exact=${exact}`;
  const part = encodeURIComponent(kind === "result" ? resultPart() : page.project.part);
  return `/api/project/${page.project.id}/picture/${kind}/${frame}?width=${width}&exact=${exact}&part=${part}`;
}

function kindsOf() {
  return overlay ? [...stage.kinds, overlay] : stage.kinds;
}

// The lossless picture if it is there, else the one for playing; null where there is none, undefined while unknown.
function pictureOf(kind, frame) {
  const exact = page.player.direction ? undefined : page.pictures.get(nameOf(kind, frame, true));
  return exact === undefined ? page.pictures.get(nameOf(kind, frame, false)) : exact;
}

function isReady(place) {
  return kindsOf().every((kind) => page.pictures.has(nameOf(kind, page.player.frames[place], false)));
}

function wish(places) {
  const { player, pictures } = page;
  const names = places.flatMap((place) => kindsOf().map((kind) => nameOf(kind, player.frames[place], false)));
  // Lossless pictures follow the ones for playing, which are there sooner.
  const exact = player.direction ? [] : kindsOf().map((kind) => nameOf(kind, player.frame, true));
  pictures.wish([...names.slice(0, kindsOf().length), ...exact, ...names.slice(kindsOf().length)]);
}

function draw() {
  requestAnimationFrame(draw);
  const { player, pictures } = page;
  if (!player) return;
  const isResized = stage.fitToScreen();
  if (isResized) player.wish(); // proxies of another width may be needed
  if (!isResized && !needsDraw) return;
  needsDraw = false;
  if (player.place !== shown && !isReady(player.place)) return; // the picture before stays until this one is there
  const found = Object.fromEntries(kindsOf().map((kind) => [kind, pictureOf(kind, player.frame)]));
  Object.assign(found, activeTool()?.pictures?.());
  shown = player.place;
  stage.draw(found, overlay ? found[overlay] : null);
  drawTools(stage);
  stageElement.dataset.frame = player.frame;
  stageElement.dataset.exact = kindsOf().every((kind) => pictures.has(nameOf(kind, player.frame, true)));
  const missing = stage.kinds.filter((kind) => found[kind] === null).map(nameOfKind);
  element("missing").hidden = !missing.length;
  element("missing").textContent = missing.length ? `Frame ${player.frame} has no ${missing.join(" and no ")} yet.` : "";
  const compared = stage.kinds.length > 1 ? `: ${stage.names.join(" and ")}` : "";
  element("canvas").setAttribute("aria-label", `${MODE_NAMES[stage.mode]}${compared}, frame ${player.frame}`);
}

function showPlace() {
  const { player, project } = page;
  redraw();
  document.body.classList.toggle("playing", player.direction !== 0);
  element("play").setAttribute("aria-label", player.direction ? "Pause" : "Play");
  if (document.activeElement !== element("frame")) element("frame").value = player.frame;
  element("timecode").textContent = project.timecodes[player.place];
  const speed = player.direction === 0 ? `${+project.rate.toFixed(3)} fps` : `${player.measuredRate.toFixed(1)} of ${+(project.rate * Math.abs(player.direction)).toFixed(3)} fps`;
  element("speed").textContent = player.direction < 0 ? `← ${speed}` : speed;
  const [first, last] = player.range;
  element("loop").textContent = player.loop ? `${player.frames[first]}–${player.frames[last]}` : "";
  element("loop-clear").disabled = !player.loop;
  showOverlayLegend();
}

function showOverlayLegend() {
  const legend = overlay ? page.project.legends[overlay] : null;
  const keys = overlay === "source" ? neighbours(page.player.frame).map((key) => (key === null ? "no key" : `key ${key}`)) : null;
  const text = JSON.stringify([overlay, keys]);
  if (element("legend").dataset.text === text) return;
  element("legend").dataset.text = text;
  showLegend(element("legend"), legend, keys);
}

// Frames of the keys before and after a frame.
function neighbours(frame) {
  const keys = page.project.keys.filter((key) => key.exists).map((key) => key.frame);
  return [keys.findLast((key) => key <= frame) ?? null, keys.find((key) => key > frame) ?? null];
}

export function setMode(mode) {
  stage.mode = mode;
  document.querySelector(`input[name=mode][value=${mode}]`).checked = true;
  document.querySelector(".only-wipe").hidden = mode !== "wipe";
  document.querySelector(".only-difference").hidden = mode !== "difference";
  page.player.wish();
  showZoom();
  redraw();
  emit("view");
}

export function setOverlay(name) {
  overlay = name;
  element("overlay").value = name;
  element("opacity-choice").hidden = !name;
  page.player.wish();
  emit("place");
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
  const { player } = page, keys = page.project.keys.map((key) => key.frame);
  const found = direction < 0 ? keys.findLast((key) => key < player.frame) : keys.find((key) => key > player.frame);
  if (found === undefined) return;
  player.pause();
  player.seekFrame(found);
}

function loopFrom() { page.player.setLoop(page.player.place, Math.max(page.player.place, page.player.range[1])); }
function loopTo() { page.player.setLoop(Math.min(page.player.place, page.player.range[0]), page.player.place); }
function loopNone() { page.player.setLoop(0, page.player.frames.length - 1); }
function goFirst() { page.player.step(page.player.range[0] - page.player.place); }
function goLast() { page.player.step(page.player.range[1] - page.player.place); }
function nextOverlay() {
  const names = ["", ...page.project.overlays];
  setOverlay(names[(names.indexOf(overlay) + 1) % names.length]);
}

// The player and the pictures of another project or part.
function make() {
  const { project } = page, isFirst = !page.player;
  stage.size = [project.width, project.height];
  stage.widths = project.widths;
  page.pictures = new Pictures(urlOf, () => redraw());
  page.pictures.failed = showError;
  page.player?.pause();
  page.player = new Player({ frames: project.frames, rate: project.rate, isReady, onShow: () => emit("place"), onWish: wish });
  shown = -1;
  for (const waiting of document.querySelectorAll("[inert]")) waiting.inert = false;
  if (isFirst && !project.results.length) stage.mode = "plate";
}

function showFacts() {
  const { project } = page;
  document.title = `${project.name} – review`;
  element("name").textContent = project.name;
  const made = project.results.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const results = made === project.frames.length ? "all made" : `${made} made`;
  element("facts").textContent = `${project.width} × ${project.height}, ${+project.rate.toFixed(3)} fps, ${project.frames.length} frames, ${results}`;
  element("part").replaceChildren(...project.parts.map(({ name, label }) => new Option(label, name, false, name === project.part)));
  element("part-choice").hidden = project.parts.length < 2;
  element("overlay").replaceChildren(new Option("None", ""), ...project.overlays.map((name) => new Option(OVERLAY_NAMES[name], name)));
  if (!project.overlays.includes(overlay)) overlay = "";
  element("overlay").value = overlay;
  element("opacity-choice").hidden = !overlay;
  element("overlay-tools").hidden = !project.overlays.length;
  element("frame").min = project.frames[0];
  element("frame").max = project.frames.at(-1);
  if (project.problem) showError(new Error(project.problem));
}

function connect() {
  for (const input of document.querySelectorAll("input[name=mode]")) input.addEventListener("change", () => setMode(input.value));
  element("overlay").addEventListener("change", (event) => setOverlay(event.target.value));
  element("opacity").addEventListener("input", (event) => { stage.opacity = event.target.value / 100; redraw(); });
  element("wipe").addEventListener("input", (event) => setWipe(event.target.value / 100));
  element("gain").addEventListener("change", (event) => { stage.gain = +event.target.value; redraw(); });
  element("frame").addEventListener("change", (event) => {
    page.player.pause();
    page.player.seekFrame(+event.target.value);
    event.target.value = page.player.frame;
  });
  element("part").addEventListener("change", (event) => open(event.target.value).catch(showError));
  const clicks = {
    first: goFirst, last: goLast, back: () => page.player.step(-1), forth: () => page.player.step(1), play: () => page.player.toggle(),
    "key-before": () => jumpToKey(-1), "key-after": () => jumpToKey(1), "loop-in": loopFrom, "loop-out": loopTo,
    "loop-clear": loopNone, "zoom-in": () => zoomTo(stage.scale * ZOOM_STEP), "zoom-out": () => zoomTo(stage.scale / ZOOM_STEP),
    "zoom-fit": () => zoomTo(0), "zoom-one": () => zoomTo(1), "help-open": () => element("help").showModal(),
  };
  for (const [id, action] of Object.entries(clicks)) element(id).addEventListener("click", action);
  const actions = {
    " ": () => page.player.toggle(), l: () => page.player.play(1), j: () => page.player.play(-1), k: () => page.player.pause(),
    ArrowLeft: () => page.player.step(-1), ArrowRight: () => page.player.step(1), PageUp: () => page.player.step(-10),
    PageDown: () => page.player.step(10), Home: goFirst, End: goLast, ArrowUp: () => jumpToKey(-1), ArrowDown: () => jumpToKey(1),
    i: loopFrom, o: loopTo, u: loopNone, m: nextOverlay, p: () => element("paint").click(), "+": clicks["zoom-in"], "=": clicks["zoom-in"],
    "-": clicks["zoom-out"], 0: clicks["zoom-fit"], "[": () => setWipe(stage.wipe - WIPE_STEP), "]": () => setWipe(stage.wipe + WIPE_STEP),
    "Shift+ArrowLeft": () => stage.pan(PAN_STEP, 0), "Shift+ArrowRight": () => stage.pan(-PAN_STEP, 0),
    "Shift+ArrowUp": () => stage.pan(0, PAN_STEP), "Shift+ArrowDown": () => stage.pan(0, -PAN_STEP),
    ...Object.fromEntries(MODES.map((mode, place) => [place + 1, () => setMode(mode)])),
  };
  listenToKeys((name) => (page.player ? toolAction(name) || actions[name] || page.actions[name] : undefined));
  listenToPointers(stageElement, stage, {
    grabsWipe: ([x]) => stage.mode === "wipe" && Math.abs(x - stage.wipeX) < GRAB * (devicePixelRatio || 1),
    onWipe: ([x]) => { const { x: left, width } = stage.rectangle(); setWipe((x - left) / width); },
    onTool: toolPointer,
  });
  refuseStrayFiles();
  stageElement.addEventListener("wheel", showZoom, { passive: true });
  new ResizeObserver(() => { page.player?.wish(); showZoom(); redraw(); emit("view"); }).observe(stageElement);
  // A person may have saved a picture in another program meanwhile.
  addEventListener("focus", () => { page.pictures?.forgetAll(); page.player?.wish(); redraw(); });
}

// In live mode, drafts stand for results.
function nameResult() {
  const [before, after] = resultPart() === page.project.part ? ["Draft", "Result"] : ["Result", "Draft"];
  stage.names = stage.names.map((name) => (name === before ? after : name));
}

export function startViewer() {
  on("project", nameResult);
  on("open", () => { make(); setMode(stage.mode); });
  on("project", showFacts);
  on("place", showPlace);
  on("server:frame", ({ frame, part, project }) => {
    if (project !== page.project?.id || ![page.project.part, resultPart()].includes(part)) return;
    page.pictures?.forgetAll((name) => name.split("/")[1] === String(frame));
    page.player?.wish();
    redraw();
  });
  on("live", () => {
    if (page.project) nameResult();
    page.pictures?.forgetAll((name) => name.startsWith("result/"));
    page.player?.wish();
    redraw();
  });
  connect();
  draw();
}
