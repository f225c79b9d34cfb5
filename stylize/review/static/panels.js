// Panels beside the picture: keys with their reasons, and the frames that need attention.

const THUMBNAIL = 320;
const element = (id) => document.getElementById(id);

function row(onClick, ...content) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...content);
  button.addEventListener("click", onClick);
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function text(tag, content, name = "") {
  const made = document.createElement(tag);
  made.textContent = content;
  made.className = name;
  return made;
}

export function showKeys(project, onSeek) {
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
    const item = row(() => onSeek(key.frame), picture, words);
    item.firstChild.dataset.frame = key.frame;
    return item;
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

export function showWorst(worst, onSeek) {
  element("worst-section").hidden = !worst.length;
  element("worst").replaceChildren(...worst.map((one) => {
    const words = document.createElement("span");
    words.append(text("b", `Frame ${one.frame}`), text("small", `error ${one.error.toFixed(3)}; ${one.advice}`));
    const item = row(() => onSeek(one.frame), words);
    item.firstChild.dataset.frame = one.frame;
    return item;
  }));
}

// Mark the rows of the frame that is displayed.
export function markCurrent(project, frame) {
  for (const button of document.querySelectorAll("aside .rows button")) {
    if (button.dataset.frame === String(frame)) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}
