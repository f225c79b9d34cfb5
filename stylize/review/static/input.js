// Keyboard, mouse, pen and touch.

// Run the action of a key, unless a control that uses the key itself has the focus. actions: by key.
export function listenToKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const name = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
    const action = actions[name] || actions[name.toLowerCase()];
    if (!action || usesKey(event.target, event.key)) return;
    event.preventDefault();
    action();
  });
}

function usesKey(target, key) {
  if (target.isContentEditable || target.matches("textarea, select, input[type=number], input[type=text]")) return true;
  const moves = /^(Arrow|Home|End|Page)/.test(key);
  if (target.matches("input[type=range], input[type=radio]")) return moves;
  return target.matches("button, a, summary") && (key === " " || key === "Enter");
}

// Drag, pinch and wheel on the stage. onTap(x, y): a click without a drag; all positions in device pixels.
export function listenToPointers(element, stage, { grabsWipe, onWipe }) {
  const pointers = new Map();
  let wiping = false, spread = 0;
  const at = (event) => {
    const box = element.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    wiping = pointers.size === 1 && grabsWipe(at(event));
    spread = 0;
    element.classList.add("moving");
  });
  element.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    pointers.set(event.pointerId, now);
    if (wiping) onWipe(now);
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
      pointers.delete(event.pointerId);
      wiping = false;
      spread = 0;
      if (!pointers.size) element.classList.remove("moving");
    });
  }
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    stage.setZoom(stage.scale * 1.0015 ** -event.deltaY, at(event));
  }, { passive: false });
}
