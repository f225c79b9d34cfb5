// Cuts: add and remove one at the displayed frame, or drag one along the timeline.

import { post } from "./api.js";
import { change, on, page, routeOf } from "./page.js";
import { element } from "./rows.js";

export function startCuts() {
  element("toggle-cut").addEventListener("click", () => edit({ change: isCut() ? "drop" : "add", frame: page.player.frame }));
  on("project place access", show);
  page.timeline.acceptDrags({
    find: (x, y) => (page.mayWrite && !page.isRunning ? page.timeline.cutAt(x, y) : null),
    onDrop: (frame, place) => edit({ change: "move", frame, to: page.project.frames[place] }),
  });
}

function isCut() {
  return page.project.cuts.includes(page.player.frame);
}

function edit(values) {
  return change(() => post(routeOf(`/cut?part=${encodeURIComponent(page.project.part)}`), values));
}

function show() {
  if (!page.player) return;
  element("toggle-cut").textContent = isCut() ? "Remove cut" : "Cut here";
  if (page.mayWrite && !page.isRunning) element("toggle-cut").disabled = page.player.place === 0;
}
