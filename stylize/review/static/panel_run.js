// Panel of runs: start and cancel them, their progress and messages.

import { post, showError } from "./api.js";
import { change, on, page, reload, routeOf, showCommand } from "./page.js";
import { element, text } from "./rows.js";
import { addPanel } from "./tabs.js";

const MINUTE = 60;
let commandOf = "";

export function startRun() {
  addPanel("run");
  for (const action of ["run", "plan", "report"]) {
    element(`start-${action}`).addEventListener("click", () => change(() => post(routeOf("/start"), { action })));
  }
  element("cancel").addEventListener("click", () => post("/api/cancel").catch(showError));
  on("project access", showStatus);
  on("server:progress", showProgress);
  on("server:message", (event) => addMessage(event.text));
  on("server:key", () => reload().catch(showError));
  on("project access", showActions);
  on("project", () => {
    if (commandOf === page.project.id) return;
    commandOf = page.project.id;
    showCommand(page.project.commands.run);
  });
}

function showActions() {
  const { project } = page;
  if (!project || page.isRunning || !page.mayWrite) return; // all are disabled
  element("start-run").disabled = !project.can_run;
  element("start-plan").disabled = !project.can_run;
  element("start-report").disabled = project.results.length !== 1 || project.results[0][1] !== project.frames.length - 1;
}

function showStatus() {
  const { run } = page;
  const mine = run && run.project === page.project?.id ? run : null;
  element("progress-box").hidden = !run?.is_running;
  element("cancel").hidden = !run?.is_running;
  element("messages").replaceChildren();
  for (const message of mine?.messages || []) addMessage(message);
  element("outcome").textContent = run?.is_running ? "" : mine?.outcome || "";
  if (run?.is_running) showProgress(run.progress || { label: "starting", done: 0, total: 0 });
}

function showProgress({ label, done, total, place, places, seconds_left: seconds, is_whole: isWhole }) {
  const bar = element("progress");
  bar.max = total || 1;
  if (total) bar.value = done;
  else bar.removeAttribute("value");
  const parts = [label];
  if (total) parts.push(`${Math.floor(done)} of ${total}`);
  if (places) parts.push(`stage ${place} of ${places}`);
  if (seconds) parts.push(`${time(seconds)} left${isWhole ? "" : " in this stage"}`);
  element("progress-text").textContent = parts.join(", ");
}

function time(seconds) {
  if (seconds < MINUTE) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / MINUTE)} min`;
}

function addMessage(message) {
  element("messages").append(text("li", message));
}
