// Timeline: shots, keys, and a lane for each curve. A click or a drag seeks.

import { bandsOf, drawBand } from "./timeline_bands.js";
import { KeyStrip, STRIP } from "./timeline_keys.js";

const LANES = [
  { name: "coverage", label: "Coverage", low: 0.5, high: 1 },
  { name: "confidence", label: "Matte", low: 0.7, high: 1 },
  { name: "error", label: "Error", low: 0, high: 0.05 },
  { name: "flicker", label: "Flicker", low: 0, high: 0.02 },
];
const TOP = 40; // of the lanes, in CSS pixels: the ruler and the keys are above
const GAP = 6, KEY = 6, TICK_SPACE = 70;
const KEY_LINE = TOP - 12, GRAB = 12; // the height of the keys, and how near a pointer grabs one
const CUT_LINE = 16, FLAG = 5; // how far down a cut is grabbed, and half the width of its flag
const MIN_LANE = 30, MARK = 4; // the least height of a curve, and half the width of the mark of a painted matte
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000];

export class Timeline {
  constructor(element, lanes, onSeek) {
    Object.assign(this, { element, lanes, onSeek, project: null, player: null, curves: null, mattes: new Set(), isWaiting: false });
    this.canvas = element.querySelector("canvas");
    this.context = this.front = this.canvas.getContext("2d");
    this.back = document.createElement("canvas").getContext("2d");
    this.isStale = true;
    this.strip = new KeyStrip(() => this.redraw());
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
        this.redraw(false);
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

  // The cut whose flag is at a point; null if there is none.
  cutAt(x, y) {
    if (y > CUT_LINE) return null;
    const places = this.project.cuts.map((frame) => this.project.frames.indexOf(frame));
    const near = places.map((place) => Math.abs(place * this.frameWidth - x)), least = Math.min(...near);
    return least < GRAB ? this.project.cuts[near.indexOf(least)] : null;
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

  // Painted mattes, whose frames are marked.
  setMattes(frames) {
    this.mattes = new Set(frames);
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
    const facts = [`frame ${player.frame}`];
    if (this.project.cuts.includes(player.frame)) facts.push("first of a shot");
    if (key) facts.push(`key: ${key.reason}`);
    if (this.mattes.has(player.frame)) facts.push("painted matte");
    this.element.setAttribute("aria-valuetext", facts.join(", "));
    const loop = String(player.loop);
    this.redraw(loop !== this.shownLoop);
    this.shownLoop = loop;
  }

  // Draw again, soon. isStale: everything has changed, not only the position and what is dragged.
  redraw(isStale = true) {
    this.isStale ||= isStale;
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

  // Everything but the position is kept in a picture: during playback, a long shot is not drawn again for each frame.
  draw() {
    const { canvas, front } = this, ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const size = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.isStale || canvas.width !== size[0] || canvas.height !== size[1]) {
      this.isStale = false;
      [canvas.width, canvas.height] = [this.back.canvas.width, this.back.canvas.height] = size;
      this.context = this.back;
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.drawStill(width, height);
      this.context = front;
    }
    front.setTransform(1, 0, 0, 1, 0, 0);
    front.clearRect(0, 0, ...size);
    front.drawImage(this.back.canvas, 0, 0);
    front.setTransform(ratio, 0, 0, ratio, 0, 0);
    front.font = this.back.font;
    front.textBaseline = "middle";
    this.drawPosition(height);
    this.drawDrag(height);
  }

  drawStill(width, height) {
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    this.text = parseFloat(style.fontSize) * 0.85;
    this.drawLoop(height);
    this.drawRuler();
    this.drawLanes(width, height);
    this.drawCuts(height);
    this.drawKeys(height);
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

  // Lanes of curves share the height that bands leave over; if it is too low, the timeline scrolls.
  drawLanes(width, height) {
    const curves = LANES.filter((lane) => this.hasLane(lane)), bands = bandsOf(this.curves || {});
    const hasKeys = this.project.keys.length > 0, top = TOP + (hasKeys ? STRIP + GAP : 0);
    const taken = bands.reduce((sum, band) => sum + band.height + GAP, top + GAP);
    this.element.style.minHeight = `${taken + curves.length * (MIN_LANE + GAP)}px`;
    const laneHeight = Math.max(MIN_LANE, (height - taken) / Math.max(1, curves.length) - GAP);
    this.lanes.replaceChildren();
    if (hasKeys) {
      this.nameLane("Keys", TOP + STRIP / 2);
      this.strip.draw(this, TOP);
    }
    let y = top;
    for (const lane of curves) {
      this.nameLane(lane.label, y + laneHeight / 2);
      this.context.fillStyle = this.colour("panel");
      this.context.fillRect(0, y, width, laneHeight);
      this.drawCurve(this.curves[lane.name], lane, y, laneHeight);
      if (lane.name === "confidence") this.drawMattes(y, laneHeight);
      y += laneHeight + GAP;
    }
    for (const band of bands) {
      this.nameLane(band.label, y + band.height / 2);
      drawBand(this, band, y, width);
      y += band.height + GAP;
    }
  }

  hasLane({ name }) {
    const has = this.curves?.[name]?.some((value) => value !== null);
    return has || (name === "confidence" && this.curves && this.mattes.size > 0);
  }

  nameLane(name, y) {
    const label = document.createElement("span");
    label.textContent = label.title = name;
    label.style.top = `${y}px`;
    this.lanes.append(label);
  }

  // A square for each painted matte, at the top of its lane.
  drawMattes(y, height) {
    const { context, project } = this;
    for (const frame of this.mattes) {
      const place = project.frames.indexOf(frame);
      if (place < 0) continue;
      const x = this.middle(place);
      context.strokeStyle = context.fillStyle = this.colour("good");
      context.globalAlpha = 0.5;
      this.line([[x, y], [x, y + height]]);
      context.globalAlpha = 1;
      context.fillRect(x - MARK, y + 2, 2 * MARK, 2 * MARK);
    }
  }

  drawCurve(values, { name, low, high }, y, height) {
    const { context } = this;
    const known = values.filter((value) => value !== null);
    const bottom = Math.min(low, ...range(known)), top = Math.max(high, ...range(known));
    const at = (value) => y + height - 2 - ((value - bottom) / (top - bottom)) * (height - 4);
    const target = { coverage: this.project.target, confidence: this.project.matte_target }[name];
    if (target !== undefined) {
      context.strokeStyle = this.colour("muted");
      context.setLineDash([4, 4]);
      this.line([[0, at(target)], [this.canvas.clientWidth, at(target)]]);
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
      const place = this.project.frames.indexOf(frame), x = Math.round(place * this.frameWidth);
      if (place <= 0) continue;
      this.context.fillRect(x - 1, 0, 2, height);
      this.context.beginPath(); // the flag by which it is dragged
      for (const [dx, y] of [[-FLAG, 0], [FLAG, 0], [FLAG, 7], [0, 13], [-FLAG, 7]]) this.context.lineTo(x + dx, y);
      this.context.fill();
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
