// Matte that is being painted: values of 16 bits, so that what is not painted keeps them, and how they are displayed.

import { Layer, Stroke, blendTowards, union } from "./brush.js";
import { fillPolygon } from "./lasso.js";

const TOP = 65535;
const OUTSIDE = [16, 16, 16], INSIDE = [68, 138, 255]; // colours of the overlays
const DIM = 0.8, TINT = 0.6; // their greatest opacity

export class MattePainting {
  // values: 16 bits for each pixel, or null for a matte that is black. aspect: width of a pixel relative to its height.
  constructor({ width, height, values, view, aspect = 1 }) {
    Object.assign(this, { width, height, view, aspect });
    this.layer = new Layer(width, height, 1);
    if (values) for (let at = 0; at < values.length; at += 1) this.layer.data[at] = values[at] / TOP;
    this.base = this.layer.data.slice();
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext("2d");
    this.unsaved = null; // rectangle that has changed since the matte was saved
    this.showAll();
  }

  blendOf(tool) {
    if (tool === "restore") {
      return (data, at, before, beforeAt, amount) => { data[at] = before[beforeAt] + amount * (this.base[at] - before[beforeAt]); };
    }
    return blendTowards([tool === "erase" || tool === "cut" ? 0 : 1]);
  }

  begin(tool, brush) {
    return new Stroke(this.layer, brush, this.blendOf(tool), this.aspect);
  }

  // Fill an area. tool: fill or cut.
  fill(tool, points) {
    return this.touched(fillPolygon(this.layer, points, this.blendOf(tool)));
  }

  // Make everything outside. Return whether anything was inside.
  clear() {
    const { layer } = this;
    if (!layer.data.some((value) => value > 0)) return false;
    layer.begin();
    layer.change([0, 0, this.width, this.height]);
    layer.data.fill(0);
    return this.touched(layer.commit());
  }

  undo() { return this.touched(this.layer.undo()); }
  redo() { return this.touched(this.layer.redo()); }

  // Note that a rectangle has changed. Return whether there is one.
  touched(rectangle) {
    this.unsaved = union(this.unsaved, rectangle);
    this.show(rectangle);
    return rectangle !== null;
  }

  setView(view) {
    this.view = view;
    this.showAll();
  }

  showAll() {
    this.show([0, 0, this.width, this.height]);
  }

  // Draw a rectangle: dim what is outside, tint what is inside, or show the matte alone.
  show(rectangle) {
    if (!rectangle) return;
    const [left, top, right, bottom] = rectangle, { data } = this.layer, { view } = this;
    const image = new ImageData(right - left, bottom - top), pixels = image.data;
    const [red, green, blue] = view === "tint" ? INSIDE : OUTSIDE, most = 255 * (view === "tint" ? TINT : DIM);
    let to = 0;
    for (let y = top; y < bottom; y += 1) {
      for (let at = y * this.width + left; at < y * this.width + right; at += 1, to += 4) {
        const value = data[at];
        if (view === "alone") {
          pixels[to] = pixels[to + 1] = pixels[to + 2] = 255 * value;
          pixels[to + 3] = 255;
          continue;
        }
        pixels[to] = red;
        pixels[to + 1] = green;
        pixels[to + 2] = blue;
        pixels[to + 3] = most * (view === "tint" ? value : 1 - value);
      }
    }
    this.context.putImageData(image, left, top);
  }

  // Values of a rectangle as opaque grey RGBA with 16 bits, which is how they are saved.
  grey([left, top, right, bottom]) {
    const found = new Uint16Array((right - left) * (bottom - top) * 4);
    let to = 0;
    for (let y = top; y < bottom; y += 1) {
      for (let at = y * this.width + left; at < y * this.width + right; at += 1, to += 4) {
        found[to] = found[to + 1] = found[to + 2] = Math.round(this.layer.data[at] * TOP);
        found[to + 3] = TOP;
      }
    }
    return found;
  }
}
