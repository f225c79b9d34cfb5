// Panel of keys: their reasons, the frames that need attention, and changes of keys.

import { post, upload } from "./api.js";
import { change, on, page, routeOf, seekTo } from "./page.js";
import { element, markCurrent, row, text } from "./rows.js";
import { addPanel } from "./tabs.js";

const THUMBNAIL = 320;

export function startKeys() {
  addPanel("keys");
  on("project", showKeys);
  on("curves", showWorst);
  on("place", () => markCurrent(page.player.frame));
  on("project place access", showActions);
  element("add-key").addEventListener("click", () => changeKey("add"));
  element("drop-key").addEventListener("click", () => changeKey("drop"));
  element("paint-key").addEventListener("change", (event) => {
    if (event.target.files[0]) paintKey(event.target.files[0], page.player.frame);
    event.target.value = "";
  });
  page.timeline.acceptDrops((file, place) => { if (page.mayWrite) paintKey(file, page.player.frames[place]); });
}

function changeKey(name) {
  const { frame } = page.player;
  return change(() => post(routeOf("/key"), { change: name, frame }));
}

function paintKey(file, frame) {
  return change(() => upload(`/upload/${page.project.id}/key/${frame}`, file));
}

function keyHere() {
  return page.project.keys.find((key) => key.frame === page.player.frame && key.planned);
}

function showActions() {
  if (!page.player) return;
  element("drop-key").textContent = keyHere() ? `Drop ${page.player.frame}` : "Drop";
  if (page.isRunning || !page.mayWrite) return; // all are disabled
  element("add-key").disabled = Boolean(keyHere());
  element("drop-key").disabled = !keyHere();
}

function showKeys() {
  const { project } = page;
  const rows = project.keys.map((key) => {
    const picture = document.createElement("img");
    picture.loading = "lazy";
    picture.alt = "";
    picture.width = project.width;
    picture.height = project.height;
    picture.style.height = "auto";
    const part = encodeURIComponent(project.part), kind = key.exists ? "key" : "plate";
    picture.src = `/api/project/${project.id}/picture/${kind}/${key.frame}?width=${THUMBNAIL}&exact=0&part=${part}`;
    const words = document.createElement("span");
    words.append(text("b", key.frame), ...badges(key), text("small", key.reason));
    return row(() => seekTo(key.frame), key.frame, picture, words);
  });
  element("keys").replaceChildren(...rows);
  element("key-count").textContent = rows.length || "";
  element("no-keys").hidden = rows.length > 0;
}

function badges(key) {
  if (key.painted) return [text("span", "painted", "badge")];
  if (!key.exists) return [text("span", "not rendered", "badge")];
  return key.planned ? [] : [text("span", "no longer used", "badge")];
}

function showWorst() {
  const { worst } = page.curves;
  element("worst-section").hidden = !worst.length;
  element("worst").replaceChildren(...worst.map((one) => {
    const words = document.createElement("span");
    words.append(text("b", `Frame ${one.frame}`), text("small", `error ${one.error.toFixed(3)}; ${one.advice}`));
    return row(() => seekTo(one.frame), one.frame, words);
  }));
}
