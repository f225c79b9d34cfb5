// Runs, their progress, and who is in control of the project.

import { post } from "./api.js";

const element = (id) => document.getElementById(id);
const MINUTE = 60;

// onFrame(frame), onKey(): a picture is new. onEnd(): a run has ended. onWriter(mayWrite): who is in control.
export function listen({ page, projectId, onFrame, onKey, onEnd, onWriter, onStatus }) {
  let wasRunning = false;
  const source = new EventSource(`/api/events?page=${page}`);
  const receive = {
    status: ({ run }) => {
      const mine = run && run.project === projectId() ? run : null;
      showStatus(run, mine);
      onStatus();
      if (wasRunning && !run?.is_running) onEnd();
      wasRunning = Boolean(run?.is_running);
    },
    writer: ({ writer }) => onWriter(writer === page),
    progress: showProgress,
    message: ({ text }) => addMessage(text),
    frame: ({ frame }) => onFrame(frame),
    key: () => onKey(),
    reload: () => location.reload(),
  };
  source.addEventListener("message", (event) => {
    const found = JSON.parse(event.data);
    receive[found.type]?.(found);
  });
  source.addEventListener("error", () => {
    element("connection").hidden = false;
  });
  source.addEventListener("open", () => {
    element("connection").hidden = true;
  });
}

function showStatus(run, mine) {
  document.body.classList.toggle("running", Boolean(run?.is_running));
  element("progress-box").hidden = !run?.is_running;
  element("cancel").hidden = !run?.is_running;
  element("messages").replaceChildren();
  for (const text of mine?.messages || []) addMessage(text);
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

function addMessage(text) {
  const line = document.createElement("li");
  line.textContent = text;
  element("messages").append(line);
}

export function start(project, action) {
  return post(`/api/project/${project.id}/start`, { action });
}
