// Rows of lists in the panels.

export const element = (id) => document.getElementById(id);

// An element with text, and a class name.
export function text(tag, content, name = "") {
  const made = document.createElement(tag);
  made.textContent = content;
  made.className = name;
  return made;
}

// A row of a list that is a button. frame: the row is current while that frame is displayed.
export function row(onClick, frame, ...content) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.frame = frame;
  button.append(...content);
  button.addEventListener("click", onClick);
  const item = document.createElement("li");
  item.append(button);
  return item;
}

// Mark the rows of the frame that is displayed.
export function markCurrent(frame) {
  for (const button of document.querySelectorAll("aside .rows button")) {
    if (button.dataset.frame === String(frame)) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}
