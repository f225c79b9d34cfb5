// Painting on a key: the key as it was, the paint over it, and the tools. The paint is a layer of its own, so that the
// key can be restored exactly wherever it is erased.

import { Layer, Stroke, blendTowards, coverage, union } from "./brush.js";

const FADE = 2; // share of a brush of one pixel that is picked up again with each pixel of a smudge, at no opacity
const CHANNELS = 4; // of the paint: red, green and blue multiplied by alpha, and alpha

export class Painting {
  // base: values of the key, RGB, Uint8Array or Uint16Array. paint: stored paint, straight RGBA, Uint16Array, or null.
  // aspect: width of a pixel on the screen relative to its height.
  constructor({ width, height, base, paint, aspect = 1 }) {
    Object.assign(this, { width, height, base, aspect });
    this.top = base instanceof Uint16Array ? 65535 : 255;
    this.layer = new Layer(width, height, CHANNELS);
    if (paint) this.load(paint);
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.unsaved = null; // rectangle that has changed since the paint was saved
    this.show([0, 0, width, height]);
  }

  get whole() { return [0, 0, this.width, this.height]; }

  load(paint) {
    const { data } = this.layer;
    for (let at = 0; at < data.length; at += CHANNELS) {
      const alpha = paint[at + 3] / 65535;
      for (let channel = 0; channel < 3; channel += 1) data[at + channel] = (paint[at + channel] / 65535) * alpha;
      data[at + 3] = alpha;
    }
  }

  // A channel of the picture before the current stroke: key and paint.
  before(x, y, channel) {
    const { layer } = this, alpha = layer.valueBefore(x, y, 3);
    const own = this.base[(y * this.width + x) * 3 + channel] / this.top;
    return layer.valueBefore(x, y, channel) + own * (1 - alpha);
  }

  // A channel of the picture now.
  value(x, y, channel) {
    const at = (y * this.width + x) * CHANNELS, { data } = this.layer;
    return data[at + channel] + (this.base[(y * this.width + x) * 3 + channel] / this.top) * (1 - data[at + 3]);
  }

  // Colour at a point of the picture: red, green and blue, 0 to 1; null outside.
  colourAt(x, y) {
    const column = Math.floor(x), row = Math.floor(y);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return null;
    return [0, 1, 2].map((channel) => this.value(column, row, channel));
  }

  // Draw a rectangle of the picture.
  show(rectangle) {
    if (!rectangle) return;
    const [left, top, right, bottom] = rectangle, { width, base } = this, { data } = this.layer;
    const image = new ImageData(right - left, bottom - top), pixels = image.data, scale = 255 / this.top;
    let to = 0;
    for (let y = top; y < bottom; y += 1) {
      let at = (y * width + left) * CHANNELS, own = (y * width + left) * 3;
      for (let x = left; x < right; x += 1, at += CHANNELS, own += 3, to += 4) {
        const rest = (1 - data[at + 3]) * scale;
        pixels[to] = data[at] * 255 + base[own] * rest; // clamped and rounded
        pixels[to + 1] = data[at + 1] * 255 + base[own + 1] * rest;
        pixels[to + 2] = data[at + 2] * 255 + base[own + 2] * rest;
        pixels[to + 3] = 255;
      }
    }
    this.context.putImageData(image, left, top);
  }

  // Begin a stroke with a tool. options: brush, colour (red, green and blue, 0 to 1), and for a clone its offset
  // [x, y] in pixels from what is painted to what is copied.
  begin(tool, { brush, colour, offset }) {
    if (tool === "smudge") return new Smudge(this, brush);
    const blends = {
      brush: () => blendTowards([...colour, 1]),
      erase: () => blendTowards([0, 0, 0, 0]),
      clone: () => this.copier(offset),
    };
    return new Stroke(this.layer, brush, blends[tool](), this.aspect);
  }

  // Blend towards what was elsewhere in the picture before the stroke. Whole pixels, so that nothing is blurred.
  copier([dx, dy]) {
    const { width, height } = this;
    return (data, at, before, beforeAt, amount, x, y) => {
      const fromX = x + dx, fromY = y + dy;
      if (fromX < 0 || fromY < 0 || fromX >= width || fromY >= height) return;
      for (let channel = 0; channel < 3; channel += 1) {
        const had = before[beforeAt + channel];
        data[at + channel] = had + amount * (this.before(fromX, fromY, channel) - had);
      }
      data[at + 3] = before[beforeAt + 3] + amount * (1 - before[beforeAt + 3]);
    };
  }

  // Note that a rectangle has changed.
  touched(rectangle) {
    this.unsaved = union(this.unsaved, rectangle);
    this.show(rectangle);
  }

  undo() { return this.step(this.layer.undo()); }
  redo() { return this.step(this.layer.redo()); }

  step(rectangle) {
    if (rectangle) this.touched(rectangle);
    return rectangle !== null;
  }

  // Remove all paint, as a step that can be undone.
  clear() {
    const { layer } = this, rectangle = this.paintedRectangle();
    if (!rectangle) return false;
    layer.begin();
    layer.change(rectangle, ([left, top, right, bottom]) => {
      for (let y = top; y < bottom; y += 1) {
        const row = y * this.width;
        layer.data.fill(0, (row + left) * CHANNELS, (row + right) * CHANNELS);
      }
    });
    return this.step(layer.commit());
  }

  paintedRectangle() {
    const { data } = this.layer;
    let found = null;
    for (let at = 3, pixel = 0; at < data.length; at += CHANNELS, pixel += 1) {
      if (!data[at]) continue;
      const x = pixel % this.width, y = Math.floor(pixel / this.width);
      found = union(found, [x, y, x + 1, y + 1]);
    }
    return found;
  }

  // Paint of a rectangle as straight RGBA with 16 bits.
  straight([left, top, right, bottom]) {
    const { width } = this, { data } = this.layer, found = new Uint16Array((right - left) * (bottom - top) * CHANNELS);
    let to = 0;
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1, to += CHANNELS) {
        const at = (y * width + x) * CHANNELS, alpha = data[at + 3], stored = Math.round(alpha * 65535);
        if (!stored) continue;
        for (let channel = 0; channel < 3; channel += 1) {
          found[to + channel] = Math.min(65535, Math.max(0, Math.round((data[at + channel] / alpha) * 65535)));
        }
        found[to + 3] = stored;
      }
    }
    return found;
  }
}

// A stroke that drags colour along: each dab leaves some of what the brush has picked up, and picks up what is there.
class Smudge {
  constructor(painting, brush) {
    Object.assign(this, { painting, layer: painting.layer, brush, last: null });
    this.layer.begin();
  }

  to(x, y, pressure = 1) {
    const { size, pressureSize, pressureOpacity } = this.brush;
    const radius = Math.max(0.5, (size / 2) * (pressureSize ? pressure : 1));
    const strength = this.brush.opacity * (pressureOpacity ? pressure : 1);
    if (!this.last) {
      this.last = [x, y];
      this.pickUp(Math.floor(x), Math.floor(y));
      return null;
    }
    let changed = null;
    // One dab for each pixel of the path: the picture moves by whole pixels, and does not blur.
    for (let count = 0; count < 1 << 14; count += 1) {
      const dx = x - this.last[0], dy = y - this.last[1], distance = Math.hypot(dx, dy);
      if (distance < 1) break;
      this.last = [this.last[0] + dx / distance, this.last[1] + dy / distance];
      changed = union(changed, this.dab(Math.floor(this.last[0]), Math.floor(this.last[1]), radius, strength));
    }
    return changed;
  }

  get reach() { return Math.ceil(this.brush.size / 2) + 1; }
  get acrossReach() { return Math.ceil(this.reach / this.painting.aspect); }

  // Remember the picture around a pixel. Outside of it, its border is repeated.
  pickUp(x, y) {
    const { painting, reach, acrossReach } = this, side = 2 * acrossReach + 1;
    this.colours = new Float32Array(side * (2 * reach + 1) * 3);
    let to = 0;
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -acrossReach; dx <= acrossReach; dx += 1, to += 3) {
        const column = Math.min(painting.width - 1, Math.max(0, x + dx)), row = Math.min(painting.height - 1, Math.max(0, y + dy));
        for (let channel = 0; channel < 3; channel += 1) this.colours[to + channel] = painting.value(column, row, channel);
      }
    }
  }

  dab(x, y, radius, strength) {
    const { painting, layer, reach, acrossReach, colours, brush } = this, side = 2 * acrossReach + 1;
    const rectangle = layer.clip([x - acrossReach, y - reach, x + acrossReach + 1, y + reach + 1]);
    if (!rectangle) return null;
    layer.change(rectangle);
    const { data } = layer, fade = Math.min(1, FADE / brush.size); // larger brushes drag colour further
    for (let row = rectangle[1]; row < rectangle[3]; row += 1) {
      for (let column = rectangle[0]; column < rectangle[2]; column += 1) {
        const amount = strength * coverage(Math.hypot((column - x) * painting.aspect, row - y), radius, brush.hardness);
        if (!amount) continue;
        const at = (row * layer.width + column) * CHANNELS;
        const from = ((row - y + reach) * side + column - x + acrossReach) * 3;
        for (let channel = 0; channel < 3; channel += 1) {
          const had = painting.value(column, row, channel), carried = colours[from + channel];
          data[at + channel] += amount * (carried - data[at + channel]);
          colours[from + channel] = carried + (1 - amount / 2) * fade * (had - carried);
        }
        data[at + 3] += amount * (1 - data[at + 3]);
      }
    }
    return rectangle;
  }

  end() { return this.layer.commit(); }
  cancel() { return this.layer.cancel(); }
}
