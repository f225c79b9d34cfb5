// Timeline: shots, keys, and a lane for each curve. A click or a drag seeks.

const LANES = [
  { name: "coverage", label: "Coverage", low: 0.5, high: 1 },
  { name: "error", label: "Error", low: 0, high: 0.05 },
  { name: "flicker", label: "Flicker", low: 0, high: 0.02 },
];
const TOP = 40; // of the lanes, in CSS pixels: the ruler and the keys are above
const GAP = 6, KEY = 6, TICK_SPACE = 70;
const KEY_LINE = TOP - 12, GRAB = 12; // the height of the keys, and how near a pointer grabs one
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000];

export class Timeline {
  constructor(element, lanes, onSeek) {
    Object.assign(this, { element, lanes, onSeek, project: null, player: null, curves: null, isWaiting: false });
    this.canvas = element.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    new ResizeObserver(() => this.redraw()).observe(element);
    this.drag = null; // what is being dragged: its thing, the place where it began, and where it is
    this.draggables = [];
    const pointOf = ({ clientX, clientY }) => {
      const box = element.getBoundingClientRect();
      return [clientX - box.left, clientY - box.top];
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      element.setPointerCapture(event.pointerId);
      const [x, y] = pointOf(event), place = this.placeAt(x);
      this.drag = this.findDraggable(x, y);
      if (this.drag) Object.assign(this.drag, { from: place, place });
      else this.onSeek(place);
    });
    element.addEventListener("pointermove", (event) => {
      const [x, y] = pointOf(event);
      if (!element.hasPointerCapture(event.pointerId)) element.classList.toggle("grabs", Boolean(this.findDraggable(x, y)));
      else if (this.drag) {
        this.drag.place = this.placeAt(x);
        this.redraw();
      } else this.onSeek(this.placeAt(x));
    });
    element.addEventListener("pointerup", () => this.endDrag());
    element.addEventListener("pointercancel", () => this.endDrag(true));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.drag) return;
      event.stopPropagation();
      this.endDrag(true);
    });
  }

  // Things that a person drags along the timeline. find(x, y): the thing at a point in CSS pixels, or null.
  // onDrop(thing, place): it was dropped on another place than where it was.
  acceptDrags({ find, onDrop }) {
    this.draggables.push({ find, onDrop });
  }

  findDraggable(x, y) {
    for (const { find, onDrop } of this.project ? this.draggables : []) {
      const thing = find(x, y);
      if (thing) return { thing, onDrop };
    }
    return null;
  }

  endDrag(isCancelled = false) {
    const { drag } = this;
    if (!drag) return;
    this.drag = null;
    if (!isCancelled && drag.place === drag.from) this.onSeek(drag.place);
    else if (!isCancelled) drag.onDrop(drag.thing, drag.place);
    this.redraw();
  }

  // The key whose diamond is at a point; null if there is none.
  keyAt(x, y) {
    if (Math.abs(y - KEY_LINE) > GRAB) return null;
    const near = this.project.keys.map((key) => ({ key, away: Math.abs(this.middle(this.project.frames.indexOf(key.frame)) - x) }));
    const found = near.reduce((best, one) => (one.away < best.away ? one : best), { key: null, away: GRAB });
    return found.key;
  }

  // A picture that is dropped on a frame. onDrop(file, place).
  acceptDrops(onDrop) {
    const { element } = this;
    element.addEventListener("dragover", (event) => {
      event.preventDefault();
      element.classList.add("dropping");
    });
    element.addEventListener("dragleave", () => element.classList.remove("dropping"));
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      element.classList.remove("dropping");
      const file = event.dataTransfer.files[0];
      if (file) onDrop(file, this.placeAt(event.clientX - element.getBoundingClientRect().left));
    });
  }

  setProject(project) {
    this.project = project;
    this.curves = null;
    this.element.setAttribute("aria-valuemin", project.frames[0]);
    this.element.setAttribute("aria-valuemax", project.frames.at(-1));
    this.redraw();
  }

  setCurves(curves) {
    this.curves = curves;
    this.redraw();
  }

  show(player) {
    this.player = player;
    this.element.setAttribute("aria-valuenow", player.frame);
    const key = this.project.keys.find((one) => one.frame === player.frame);
    this.element.setAttribute("aria-valuetext", `frame ${player.frame}${key ? `, key: ${key.reason}` : ""}`);
    this.redraw();
  }

  redraw() {
    if (this.isWaiting || !this.project) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  get count() { return this.project.frames.length; }
  get frameWidth() { return this.canvas.clientWidth / this.count; }
  placeAt(x) { return Math.max(0, Math.min(this.count - 1, Math.floor(x / this.frameWidth))); }
  middle(place) { return (place + 0.5) * this.frameWidth; }

  draw() {
    const { canvas, context } = this, ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.text = parseFloat(style.fontSize) * 0.85;
    this.drawLoop(height);
    this.drawRuler();
    this.drawLanes(width, height);
    this.drawCuts(height);
    this.drawKeys(height);
    this.drawPosition(height);
    this.drawDrag(height);
  }

  // Where something that is dragged would be dropped.
  drawDrag(height) {
    if (!this.drag || this.drag.place === this.drag.from) return;
    const { context } = this, x = this.middle(this.drag.place), label = String(this.project.frames[this.drag.place]);
    const width = context.measureText(label).width + 12, left = Math.max(0, Math.min(this.canvas.clientWidth - width, x - width / 2));
    context.fillStyle = this.colour("key");
    context.fillRect(x - 1, 0, 2, height);
    context.fillRect(left, 0, width, 19);
    context.fillStyle = this.colour("ground");
    context.fillText(label, left + 6, 10);
  }

  drawLoop(height) {
    if (!this.player?.loop) return;
    const [first, last] = this.player.loop;
    this.context.fillStyle = this.colour("panel");
    this.context.fillRect(first * this.frameWidth, 0, (last - first + 1) * this.frameWidth, height);
  }

  drawRuler() {
    const { context, project } = this;
    const step = STEPS.find((one) => one * this.frameWidth >= TICK_SPACE) || STEPS.at(-1);
    context.font = `${this.text}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.textAlign = "center";
    for (let place = 0; place < this.count; place += 1) {
      if (project.frames[place] % step) continue;
      const x = this.middle(place);
      if (x < 14 || x > this.canvas.clientWidth - 14) continue;
      context.fillStyle = this.colour("muted");
      context.fillText(project.frames[place], x, 10);
    }
    context.textAlign = "start";
  }

  drawLanes(width, height) {
    const shown = LANES.filter(({ name }) => this.curves?.[name].some((value) => value !== null));
    const laneHeight = (height - TOP - GAP) / Math.max(1, shown.length) - GAP;
    this.lanes.replaceChildren();
    shown.forEach((lane, number) => {
      const y = TOP + number * (laneHeight + GAP);
      const label = document.createElement("span");
      label.textContent = lane.label;
      label.style.top = `${y + laneHeight / 2}px`;
      this.lanes.append(label);
      this.context.fillStyle = this.colour("panel");
      this.context.fillRect(0, y, width, laneHeight);
      this.drawCurve(this.curves[lane.name], lane, y, laneHeight);
    });
  }

  drawCurve(values, { name, low, high }, y, height) {
    const { context } = this;
    const known = values.filter((value) => value !== null);
    const bottom = Math.min(low, ...range(known)), top = Math.max(high, ...range(known));
    const at = (value) => y + height - 2 - ((value - bottom) / (top - bottom)) * (height - 4);
    if (name === "coverage") {
      context.strokeStyle = this.colour("muted");
      context.setLineDash([4, 4]);
      this.line([[0, at(this.project.target)], [this.canvas.clientWidth, at(this.project.target)]]);
      context.setLineDash([]);
    }
    context.strokeStyle = this.colour("curve");
    context.lineWidth = 1.5;
    let points = [];
    values.forEach((value, place) => {
      if (value === null) {
        this.line(points);
        points = [];
      } else points.push([this.middle(place), at(value)]);
    });
    this.line(points);
    context.lineWidth = 1;
  }

  line(points) {
    if (!points.length) return;
    this.context.beginPath();
    points.forEach(([x, y], number) => (number ? this.context.lineTo(x, y) : this.context.moveTo(x, y)));
    this.context.stroke();
  }

  drawCuts(height) {
    this.context.fillStyle = this.colour("text");
    for (const frame of this.project.cuts) {
      const place = this.project.frames.indexOf(frame);
      if (place > 0) this.context.fillRect(Math.round(place * this.frameWidth) - 1, 0, 2, height);
    }
  }

  // A diamond for each key, filled where its picture exists, with a ring where a person painted it.
  drawKeys(height) {
    const { context } = this;
    for (const key of this.project.keys) {
      const x = this.middle(this.project.frames.indexOf(key.frame)), y = KEY_LINE;
      context.strokeStyle = context.fillStyle = this.colour("key");
      context.globalAlpha = 0.5;
      this.line([[x, y + KEY], [x, height - GAP]]);
      context.globalAlpha = 1;
      context.beginPath();
      for (const [dx, dy] of [[0, -KEY], [KEY, 0], [0, KEY], [-KEY, 0]]) context.lineTo(x + dx, y + dy);
      context.closePath();
      context.stroke();
      if (key.exists) context.fill();
      if (!key.painted) continue;
      context.beginPath();
      context.arc(x, y, KEY + 4, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  drawPosition(height) {
    if (!this.player) return;
    const { context } = this, x = this.middle(this.player.place);
    context.fillStyle = this.colour("text");
    context.fillRect(x - 1, 18, 2, height - 18);
    const label = String(this.player.frame);
    const width = context.measureText(label).width + 12;
    const left = Math.max(0, Math.min(this.canvas.clientWidth - width, x - width / 2));
    context.fillStyle = this.colour("text");
    context.fillRect(left, 0, width, 19);
    context.fillStyle = this.colour("ground");
    context.fillText(label, left + 6, 10);
  }
}

function range(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return values.length ? [low, high] : [];
}
