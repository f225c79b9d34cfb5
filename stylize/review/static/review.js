// The review page: one project, its player and its panels.

import { listen, startAccess } from "./access.js";
import { showError } from "./api.js";
import { startCuts } from "./cuts.js";
import { on, open, page } from "./page.js";
import { startCompare } from "./panel_compare.js";
import { startHandoff } from "./panel_handoff.js";
import { startKeys } from "./panel_keys.js";
import { startMattes } from "./panel_mattes.js";
import { startNotes } from "./panel_notes.js";
import { startRun } from "./panel_run.js";
import { startSettings } from "./panel_settings.js";
import { startTabs } from "./tabs.js";
import { startTheme } from "./theme.js";
import { Timeline } from "./timeline.js";
import { redraw, startViewer } from "./viewer.js";

function startTimeline() {
  const seek = (place) => { page.player.pause(); page.player.seek(place); };
  page.timeline = new Timeline(document.getElementById("timeline"), document.getElementById("lanes"), seek);
  on("project", () => page.timeline.setProject(page.project));
  on("curves", () => page.timeline.setCurves(page.curves));
  on("place", () => page.timeline.show(page.player));
}

startTimeline();
startViewer();
startAccess();
startCuts();
for (const start of [startKeys, startRun, startSettings, startMattes, startCompare, startNotes, startHandoff]) start();
startTabs();
startTheme(() => { redraw(); page.timeline.redraw(); });
listen();
open("").catch(showError);
