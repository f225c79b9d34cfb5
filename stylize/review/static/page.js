// What every module of the page shares: the project, the player, and the events by which modules learn of changes.

import { clearError, getJson, showError } from "./api.js";

// project: the state that the server sent. player: position and playback. stage: the picture. timeline: below it.
// notes: on its frames. actions: of panels, by the key that starts them.
// mayWrite: this tab is in control. run: the task that is in progress or was the last one; null before the first.
// queue: tasks of all projects that are yet to end. live: the part that shows the drafts of projects in live mode, by id.
export const page = {
  project: null, player: null, stage: null, pictures: null, timeline: null, curves: null, mayWrite: false, run: null, queue: [], live: {},
  notes: [], actions: {},
  // Whether changes of the project must wait. A live run makes way for them.
  get isRunning() { return Boolean(this.run?.is_running && !this.run.is_live && this.run.project === this.project?.id); },
};

// Events, in the order in which they happen:
//   open      another project or part: page.project is new, page.player and page.pictures are made
//   project   page.project has been read, now or again
//   curves    page.curves has been read
//   place     the frame that is displayed, or playback, has changed
//   access    page.mayWrite or page.run has changed
//   view      the size, position or mode of the picture has changed
//   server:X  the server has sent an event of type X, which the listener receives

// Part whose results are displayed: in live mode, those of the draft stand for those of the whole shot.
export function resultPart() {
  return page.project.part === "" && page.live[page.project.id] || page.project.part;
}

const listeners = new Map();

export function on(names, receive) {
  for (const name of names.split(" ")) listeners.set(name, [...(listeners.get(name) || []), receive]);
}

export function emit(name, value) {
  for (const receive of listeners.get(name) || []) receive(value);
}

const query = new URLSearchParams(location.search);

// Address of the routes of the project that is displayed.
export function routeOf(path = "") {
  return `/api/project/${page.project.id}${path}`;
}

// Open a part of the project: the whole shot, a layer or a draft.
export async function open(part) {
  await inTurn(async () => {
    const found = await getJson(`/api/project/${page.project?.id || await firstProject()}?part=${encodeURIComponent(part)}`);
    const frame = page.player?.frame ?? +query.get("frame");
    page.project = found;
    emit("open");
    emit("project");
    page.player.seek(Math.max(0, page.project.frames.indexOf(frame)));
  });
  await loadCurves();
}

// Read the state again, and keep what is displayed.
export async function reload() {
  await inTurn(async () => {
    await readProject();
    page.pictures.forgetAll();
    emit("project");
    page.player.wish();
    emit("place");
  });
  await loadCurves();
}

// Read the state of the keys again, which another program or a stroke has changed, and keep all else.
export function refreshKeys() {
  return inTurn(async () => {
    const before = new Map(page.project.keys.map((key) => [key.frame, key.painting]));
    await readProject();
    page.pictures.forgetAll((name) => name.startsWith("key/"));
    emit("project");
    if (page.curves) emit("curves");
    page.player.wish();
    for (const key of page.project.keys) if (key.painting !== before.get(key.frame)) emit("painted", key.frame);
  });
}

async function readProject() {
  page.project = await getJson(routeOf(`?part=${encodeURIComponent(page.project.part)}`));
}

// States are read one after the other: an answer that comes late must not replace a newer state, or another part.
let last = Promise.resolve();
function inTurn(read) {
  const done = last.then(read);
  last = done.catch(() => {}); // whoever asked shows the error
  return done;
}

// Do something that changes the project, show the command line that does the same, and the state after it.
// action: returns the answer of the server, or a promise of it. Returns that answer; undefined if it failed.
export async function change(action) {
  try {
    clearError();
    const answer = await action();
    if (answer.command) showCommand(answer.command);
    await reload();
    return answer;
  } catch (error) {
    showError(error);
    return undefined;
  }
}

export function showCommand(command) {
  document.getElementById("command").textContent = command;
}

export function seekTo(frame) {
  page.player.pause();
  page.player.seekFrame(frame);
}

async function firstProject() {
  if (query.get("project")) return query.get("project");
  const found = await getJson("/api/shown");
  if (found.shown.length) return found.shown[0];
  location.replace("/start");
  return new Promise(() => {}); // this page is left
}

// Fetch the curves, again while the server has yet to read the error maps of a long shot.
async function loadCurves() {
  const { part } = page.project;
  const found = await getJson(routeOf(`/curves?part=${encodeURIComponent(part)}`));
  if (part !== page.project.part) return;
  page.curves = found;
  emit("curves");
  if (!found.is_complete) await loadCurves();
}
