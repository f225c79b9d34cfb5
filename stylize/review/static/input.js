// Keyboard, mouse, pen and touch.

const ERASER = 5; // number of the button that stands for the other end of a pen

// Run the action of a key, unless a control that uses the key itself has the focus.
// actionOf(name): the action of a key such as "l", "Shift+ArrowUp", "Ctrl+z" or "Ctrl+Shift+z"; undefined if none.
export function listenToKeys(actionOf) {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const action = namesOf(event).map(actionOf).find(Boolean);
    if (!action || usesKey(event.target, event.key, event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    action();
  });
}

function namesOf({ key, shiftKey, ctrlKey, metaKey }) {
  if (ctrlKey || metaKey) return [`Ctrl+${shiftKey ? "Shift+" : ""}${key.toLowerCase()}`];
  if (shiftKey && key.startsWith("Arrow")) return [`Shift+${key}`];
  return [key, key.toLowerCase()];
}

function usesKey(target, key, isControl) {
  if (target.isContentEditable || target.matches("textarea, select, input[type=number], input[type=text], input[type=search]")) return key !== "Escape";
  if (isControl) return false;
  const moves = /^(Arrow|Home|End|Page)/.test(key);
  if (target.matches("input[type=range], input[type=radio], [role=tab]")) return moves;
  return target.matches("button, a, summary, input[type=checkbox], input[type=file], input[type=color]") && (key === " " || key === "Enter");
}

// Keep a file that is dropped beside the places that accept one from replacing the page.
export function refuseStrayFiles() {
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    });
  }
}

// Drag, pinch and wheel on the stage, all positions in device pixels. grabsWipe(at): a drag from here moves the wipe.
// onTool(phase, at, event): give the event to the active tool; returns whether it took it.
export function listenToPointers(element, stage, { grabsWipe, onWipe, onTool }) {
  const pointers = new Map();
  let doing = "", spread = 0; // doing: tool, wipe or pan
  const at = (event) => {
    const box = element.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button > 1 && event.button !== ERASER) return;
    const isFirst = pointers.size === 0, here = at(event);
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, here);
    spread = 0;
    if (!isFirst && doing === "tool") onTool("cancel", here, event); // a second finger: the stroke becomes a pinch
    if (!isFirst) doing = "pan";
    else if (event.button !== 1 && onTool("down", here, event)) doing = "tool";
    else doing = grabsWipe(here) ? "wipe" : "pan";
    element.classList.toggle("moving", doing === "pan");
  });
  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId), now = at(event);
    if (!before) return void onTool("hover", now, event);
    pointers.set(event.pointerId, now);
    if (doing === "tool") {
      const passed = event.getCoalescedEvents?.() || [];
      for (const one of passed.length ? passed : [event]) onTool("move", at(one), one);
    } else if (doing === "wipe") onWipe(now);
    else if (pointers.size === 1) stage.pan(now[0] - before[0], now[1] - before[1]);
    else {
      const [one, other] = [...pointers.values()];
      const distance = Math.hypot(one[0] - other[0], one[1] - other[1]);
      if (spread) stage.setZoom((stage.scale * distance) / spread, [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2]);
      spread = distance;
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, (event) => {
      if (!pointers.delete(event.pointerId)) return;
      if (doing === "tool") onTool(name === "pointerup" ? "up" : "cancel", at(event), event);
      spread = 0;
      if (pointers.size) return;
      doing = "";
      element.classList.remove("moving");
    });
  }
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    stage.setZoom(stage.scale * 1.0015 ** -event.deltaY, at(event));
  }, { passive: false });
}
