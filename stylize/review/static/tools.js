// Tools that work on the picture, such as a brush or a lasso. The active one gets the pointer; Escape leaves it.
//
// A tool is an object with a name, and any of:
//   cursor                CSS cursor while it is active
//   enter(), leave()      it has become active, or is no longer
//   down(point, event), move(point, event), up(point, event)   a stroke; point in pixels of the shot, with pressure.
//                         down returns false to leave the pointer to the picture, which it then moves
//   pictures()            pictures by kind, which replace those of the server
//   hover(point, event)   the pointer moves without a button
//   cancel()              the stroke ends without effect, for example because a second finger pinches
//   draw(context, stage)  draw on top of the picture, in device pixels; see stage.toScreen
//   keys                  actions by key, such as "z", "Ctrl+z", "Shift+ArrowUp" or "[", instead of those of the player

import { page } from "./page.js";

const drawings = [];
let active = null, inStroke = false, onChange = [];

export function activeTool() {
  return active;
}

// Activate a tool; null or the active one again leaves it.
export function activate(tool) {
  const next = tool === active ? null : tool;
  if (active) {
    if (inStroke) active.cancel?.();
    active.leave?.();
  }
  inStroke = false;
  active = next;
  const stageElement = document.getElementById("stage");
  stageElement.classList.toggle("has-tool", Boolean(active));
  stageElement.dataset.tool = active?.name || "";
  stageElement.dataset.cursor = active?.cursor || "";
  active?.enter?.();
  for (const receive of onChange) receive(active);
}

// receive(tool): another tool is active, or null.
export function onTool(receive) {
  onChange = [...onChange, receive];
}

// Draw on top of the picture always, for example notes. draw(context, stage), in device pixels.
export function addDrawing(draw) {
  drawings.push(draw);
}

export function drawTools(stage) {
  for (const draw of [...drawings, active?.draw?.bind(active)]) {
    if (!draw) continue;
    stage.context.save();
    draw(stage.context, stage);
    stage.context.restore();
  }
}

// The action of a key, by its name, while a tool is active.
export function toolAction(name) {
  if (!active) return undefined;
  return name === "Escape" ? () => activate(null) : active.keys?.[name];
}

// Give a pointer event to the active tool. Return whether it took it.
// phase: down, move, up, hover or cancel. at: position on the stage in device pixels.
export function toolPointer(phase, at, event) {
  if (!active || !page.player) return false;
  if (phase === "cancel") {
    if (inStroke) active.cancel?.();
    inStroke = false;
    return true;
  }
  const point = page.stage.toPicture(at, event);
  if (phase === "down") {
    if (!active.down) return false;
    page.player.pause();
    inStroke = active.down(point, event) !== false;
    return inStroke;
  }
  if (phase !== "hover" && !inStroke) return false;
  if (phase === "up") inStroke = false; // before the tool learns of it, which may end itself with its stroke
  active[phase]?.(point, event);
  return true;
}
