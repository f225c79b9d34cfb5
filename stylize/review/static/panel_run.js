// Panel of runs: start, pause, resume and cancel them, the queue, their progress and messages.

import { post, showError } from "./api.js";
import { change, on, page, reload, routeOf, showCommand } from "./page.js";
import { element, text } from "./rows.js";
import { addPanel } from "./tabs.js";

const MINUTE = 60, COST_DELAY = 250;
const NAMES = { run: "Run", plan: "Plan", report: "Report", mattes: "Mattes", clicks: "Mattes from clicks", approve: "Approve" };
let commandOf = "";

// Options of a run at a size: empty for full size, auto for a draft of the default scale, or a scale such as 1/4.
export function sizeOptions(size) {
  if (!size) return {};
  return size === "auto" ? { draft: true } : { draft: true, scale: size };
}

// Start an action, or add it to the queue. options: of the command, by name.
export function start(action, options = {}) {
  return change(() => post(routeOf("/start"), { action, options }));
}

export function startRun() {
  addPanel("run");
  element("start-run").addEventListener("click", () => start("run", sizeOptions(element("run-size").value)));
  element("start-plan").addEventListener("click", () => start("plan", sizeOptions(element("run-size").value)));
  element("start-report").addEventListener("click", () => start("report"));
  element("cancel").addEventListener("click", () => post("/api/cancel").catch(showError));
  element("pause").addEventListener("click", () => post("/api/pause").catch(showError));
  element("resume").addEventListener("click", () => post(routeOf("/resume")).catch(showError));
  element("live").addEventListener("change", toggleLive);
  on("project access", showStatus);
  on("project access", askForCost);
  on("server:cost", showCost);
  element("run-size").addEventListener("change", askForCost);
  on("server:progress", showProgress);
  on("server:message", (event) => addMessage(event.text));
  on("server:key", ({ project }) => { if (project === page.project?.id) reload().catch(showError); });
  on("project access", showActions);
  on("project", () => {
    if (commandOf === page.project.id) return;
    commandOf = page.project.id;
    showCommand(page.project.commands.run);
  });
}

function toggleLive() {
  const size = element("run-size").value, scale = size.includes("/") ? size : null;
  return change(() => post(routeOf("/live"), { on: element("live").checked, scale }));
}

// Show what the next run would do, once nothing else changes. Nothing is planned for it.
let costTimer = 0;
function askForCost() {
  clearTimeout(costTimer);
  const { project } = page;
  if (!project || !page.mayWrite || page.run?.is_running) return;
  element("cost").textContent = "";
  if (!project.can_run) return;
  if (!project.is_planned) {
    element("cost").textContent = "Use Plan to see what the next run has to do.";
    return;
  }
  costTimer = setTimeout(() => {
    const options = sizeOptions(element("run-size").value);
    post(routeOf("/cost"), { options }).catch(showError);
  }, COST_DELAY);
}

function showCost({ project, options, error, keys, spans, frames, seconds }) {
  const mine = JSON.stringify(sizeOptions(element("run-size").value));
  if (project !== page.project?.id || JSON.stringify(options) !== mine || page.run?.is_running) return;
  element("cost").textContent = error || costText({ keys, spans, frames, seconds });
}

// Such as: 1 key to render, 2 spans, 34 frames, about 20 s
export function costText({ keys, spans, frames, seconds }) {
  if (!keys && !frames) return "Everything is up to date.";
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const parts = [...(keys ? [`${count(keys, "key")} to render`] : []), count(spans, "span"), count(frames, "frame")];
  parts.push(seconds === null ? "time not measured yet" : `about ${time(seconds)}`);
  return `Next run: ${parts.join(", ")}`;
}

// Tasks of this project that are yet to end.
function tasks() {
  return page.queue.filter((task) => task.project === page.project?.id);
}

function showActions() {
  const { project } = page;
  element("live").checked = Boolean(project && page.live[project.id]);
  element("live").disabled = !page.mayWrite || !project?.can_run;
  element("pause").hidden = element("cancel").hidden = !page.run?.is_running;
  element("resume").hidden = page.isRunning || !tasks().some((task) => task.state === "paused");
  if (!project || !page.mayWrite) return; // all are disabled
  // What is started during a run waits for its end.
  for (const id of ["start-run", "run-size", "start-plan", "start-report"]) element(id).disabled = false;
  element("start-run").disabled = element("start-plan").disabled = !project.can_run;
  const isComplete = project.results.length === 1 && project.results[0][1] === project.frames.length - 1;
  element("start-report").disabled = !isComplete && !page.isRunning;
}

function showStatus() {
  const { run } = page;
  const mine = run && run.project === page.project?.id ? run : null;
  element("progress-box").hidden = !run?.is_running;
  element("messages").replaceChildren();
  for (const message of mine?.messages || []) addMessage(message);
  element("no-log").hidden = Boolean(mine?.messages.length);
  element("no-log").textContent = mine ? "It has sent no messages." : "Nothing has run since the server started.";
  if (run?.is_running) element("cost").textContent = "";
  element("outcome").textContent = run?.is_running ? "" : mine?.outcome || interrupted();
  if (run?.is_running) showProgress(run.progress || { label: "starting", done: 0, total: 0 });
  showQueue();
}

function interrupted() {
  return tasks().some((task) => task.state === "paused") ? "Interrupted. Resume continues where it stopped." : "";
}

function showQueue() {
  element("queue").replaceChildren(...page.queue.map((task) => {
    const words = document.createElement("span");
    const size = task.options.draft ? `, draft${task.options.scale ? ` ${task.options.scale}` : ""}` : "";
    const where = task.project === page.project?.id ? "" : ` of ${task.name}`;
    words.append(text("b", `${NAMES[task.action] || task.action}${size}${where}`), text("small", task.is_live ? `${task.state}, live` : task.state));
    words.title = task.command;
    const remove = text("button", "×");
    remove.type = "button";
    remove.className = "steers";
    remove.disabled = !page.mayWrite;
    remove.setAttribute("aria-label", `Remove ${NAMES[task.action] || task.action}${size} from the queue`);
    remove.addEventListener("click", () => post(`/api/project/${task.project}/remove`, { task: task.id }).catch(showError));
    const item = document.createElement("li");
    item.append(words, remove);
    return item;
  }));
  element("no-queue").hidden = page.queue.length > 0;
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

export function time(seconds) {
  if (seconds < MINUTE) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / MINUTE)} min`;
}

function addMessage(message) {
  element("messages").append(text("li", message));
}
