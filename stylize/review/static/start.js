// Start page: the projects in the folders of this review, the latest first, and shots that have no project yet.

import { PAGE, clearError, getJson, post, showError } from "./api.js";
import { element, text } from "./rows.js";
import { startTheme } from "./theme.js";

let mayWrite = false, isOpening = false;

startTheme();
element("take").addEventListener("click", () => post("/api/writer").catch(showError));
listen();
try {
  const found = await getJson("/api/projects");
  element("roots").textContent = found.roots.join(", ") || "no folder";
  element("projects").replaceChildren(...found.projects.map(projectItem));
  element("none").hidden = found.projects.length > 0;
  element("shots").replaceChildren(...found.shots.map(shotItem));
  element("no-shots").hidden = found.shots.length > 0;
  enable();
} catch (error) {
  showError(error);
}

function projectItem(project) {
  const link = document.createElement("a"), item = document.createElement("li");
  link.href = `/?project=${project.id}`;
  const made = project.frames ? `${project.frames} frames made` : "no frames yet";
  const drafts = project.drafts.length ? `, draft at ${project.drafts.join(", ")}` : "";
  link.append(text("b", project.name), text("span", project.folder, "muted"), text("small", `${when(project.changed)}${made}${drafts}`));
  item.append(link);
  return item;
}

function when(seconds) {
  if (seconds === null) return "";
  return `${new Date(1000 * seconds).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}, `;
}

function shotItem(shot) {
  const button = document.createElement("button"), item = document.createElement("li");
  button.type = "button";
  button.dataset.shot = shot.id;
  button.append(text("b", shot.name), text("span", shot.folder, "muted"), text("small", "Make a project", "state"));
  button.addEventListener("click", () => openShot(shot, button));
  item.append(button);
  return item;
}

async function openShot(shot, button) {
  isOpening = true;
  enable();
  button.querySelector(".state").textContent = "opening";
  try {
    clearError();
    const { project } = await post(`/api/shot/${shot.id}/open`);
    location.assign(`/?project=${project}`);
  } catch (error) {
    showError(error);
    button.querySelector(".state").textContent = "Make a project";
    isOpening = false;
    enable();
  }
}

function enable() {
  for (const button of document.querySelectorAll("#shots button")) button.disabled = !mayWrite || isOpening;
}

function listen() {
  const source = new EventSource(`/api/events?page=${PAGE}`);
  source.addEventListener("message", (event) => {
    const found = JSON.parse(event.data);
    if (found.type === "writer") {
      mayWrite = found.writer === PAGE;
      element("watching").hidden = mayWrite;
      enable();
    } else if (found.type === "opening") {
      const state = document.querySelector(`#shots button[data-shot="${found.shot}"] .state`);
      if (state && found.total) state.textContent = `opening: ${found.done} of ${found.total} frames`;
    }
  });
  source.addEventListener("error", () => { element("connection").hidden = false; });
  source.addEventListener("open", () => { element("connection").hidden = true; });
}
