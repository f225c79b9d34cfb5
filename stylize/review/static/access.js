// Events of the server, and who is in control of the project: controls of the class "writes" change the project and
// are disabled during a run; those of the class "steers" need control only.

import { PAGE, post, showError } from "./api.js";
import { emit, on, page, reload } from "./page.js";

const element = (id) => document.getElementById(id);

export function startAccess() {
  on("server:status", ({ run, queue }) => {
    const before = page.run, wasRunning = before?.is_running;
    page.run = run;
    page.queue = queue;
    document.body.classList.toggle("running", Boolean(run?.is_running));
    emit("access");
    const hasEnded = wasRunning && (!run?.is_running || run.id !== before.id || run.project !== before.project);
    if (hasEnded && page.player) reload().catch(showError);
  });
  on("server:writer", ({ writer }) => {
    page.mayWrite = writer === PAGE;
    element("watching").hidden = page.mayWrite;
    emit("access");
  });
  on("server:live", ({ parts }) => {
    page.live = parts;
    emit("live");
    emit("access");
  });
  // Kept for panels that show the run again.
  on("server:progress", (event) => { if (page.run) page.run.progress = event; });
  on("server:message", (event) => page.run?.messages.push(event.text));
  on("server:reload", () => location.reload());
  on("access project", enableControls);
  element("take").addEventListener("click", () => post("/api/writer").catch(showError));
}

// Listen to the server, after all panels have said what they want to know.
export function listen() {
  const source = new EventSource(`/api/events?page=${PAGE}`);
  source.addEventListener("message", (event) => {
    const found = JSON.parse(event.data);
    emit(`server:${found.type}`, found);
  });
  source.addEventListener("error", () => { element("connection").hidden = false; });
  source.addEventListener("open", () => { element("connection").hidden = true; });
}

// Panels disable more of their controls after this.
function enableControls() {
  for (const control of document.querySelectorAll(".writes")) control.disabled = page.isRunning || !page.mayWrite;
  for (const control of document.querySelectorAll(".steers")) control.disabled = !page.mayWrite;
}
