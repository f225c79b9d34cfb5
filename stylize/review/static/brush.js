// Brush engine: strokes of a round brush on a layer of any number of channels, with undo and redo.
//
// Positions are in pixels of the picture, where pixel (0, 0) covers the square from (0, 0) to (1, 1). A stroke first
// takes the highest coverage of each pixel along its path, and then blends once. Its opacity is therefore even,
// whatever the number of events. Values are floats, so that the depth of the picture is kept.

const TILE = 64; // side in pixels of the squares that undo restores
const MAX_UNDO_BYTES = 256 << 20;
const CURVE_STEP = 2; // pixels of the picture between points of a curve

// Rectangles are [left, top, right, bottom], without the last column and row; null is empty.
export function union(one, other) {
  if (!one || !other) return one || other;
  return [Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[2], other[2]), Math.max(one[3], other[3])];
}

// Floats of a picture, and the steps that undo and redo replace.
export class Layer {
  constructor(width, height, channels) {
    Object.assign(this, { width, height, channels });
    this.data = new Float32Array(width * height * channels);
    this.columns = Math.ceil(width / TILE);
    this.undone = [];
    this.done = [];
    this.before = null; // contents of changed tiles before the current step, by their number
  }

  get canUndo() { return this.done.length > 0; }
  get canRedo() { return this.undone.length > 0; }

  clip([left, top, right, bottom]) {
    const found = [Math.max(0, left), Math.max(0, top), Math.min(this.width, right), Math.min(this.height, bottom)];
    return found[0] < found[2] && found[1] < found[3] ? found : null;
  }

  tileRectangle(tile) {
    const left = (tile % this.columns) * TILE, top = Math.floor(tile / this.columns) * TILE;
    return [left, top, Math.min(this.width, left + TILE), Math.min(this.height, top + TILE)];
  }

  // Copy the values of a rectangle, row by row.
  copy([left, top, right, bottom]) {
    const { width, channels, data } = this, row = (right - left) * channels;
    const found = new Float32Array(row * (bottom - top));
    for (let y = top; y < bottom; y += 1) {
      const start = (y * width + left) * channels;
      found.set(data.subarray(start, start + row), (y - top) * row);
    }
    return found;
  }

  place([left, top, right, bottom], values) {
    const { width, channels, data } = this, row = (right - left) * channels;
    for (let y = top; y < bottom; y += 1) {
      data.set(values.subarray((y - top) * row, (y - top + 1) * row), (y * width + left) * channels);
    }
  }

  begin() {
    this.before = new Map();
  }

  // Remember the tiles of a rectangle before they change. Call visit(rectangle, values before the step) for each.
  change(rectangle, visit = () => {}) {
    const [left, top, right, bottom] = rectangle;
    for (let row = Math.floor(top / TILE); row * TILE < bottom; row += 1) {
      for (let column = Math.floor(left / TILE); column * TILE < right; column += 1) {
        const tile = row * this.columns + column, whole = this.tileRectangle(tile);
        if (!this.before.has(tile)) this.before.set(tile, this.copy(whole));
        const inside = [Math.max(left, whole[0]), Math.max(top, whole[1]), Math.min(right, whole[2]), Math.min(bottom, whole[3])];
        visit(inside, this.before.get(tile), whole);
      }
    }
  }

  // Value of a pixel before the current step, for tools that read what was there.
  valueBefore(x, y, channel) {
    const tile = Math.floor(y / TILE) * this.columns + Math.floor(x / TILE), kept = this.before?.get(tile);
    if (!kept) return this.data[(y * this.width + x) * this.channels + channel];
    const [left, top, right] = this.tileRectangle(tile);
    return kept[((y - top) * (right - left) + x - left) * this.channels + channel];
  }

  // End the step. Return the rectangle that it has changed; null for none, which adds no step.
  commit() {
    const step = this.before;
    this.before = null;
    if (!step?.size) return null;
    this.undone = [];
    this.done.push(step);
    let bytes = this.done.reduce((sum, one) => sum + bytesOf(one), 0);
    while (bytes > MAX_UNDO_BYTES && this.done.length > 1) bytes -= bytesOf(this.done.shift());
    return this.rectangleOf(step);
  }

  // Drop the current step, and restore what was there. Return the rectangle that has changed.
  cancel() {
    const step = this.before;
    this.before = null;
    if (!step) return null;
    for (const [tile, values] of step) this.place(this.tileRectangle(tile), values);
    return this.rectangleOf(step);
  }

  undo() { return this.exchange(this.done, this.undone); }
  redo() { return this.exchange(this.undone, this.done); }

  // Forget all steps, for example after other contents have been loaded.
  forgetSteps() {
    this.done = [];
    this.undone = [];
  }

  exchange(from, to) {
    const step = from.pop();
    if (!step) return null;
    const current = new Map();
    for (const [tile, values] of step) {
      const rectangle = this.tileRectangle(tile);
      current.set(tile, this.copy(rectangle));
      this.place(rectangle, values);
    }
    to.push(current);
    return this.rectangleOf(step);
  }

  rectangleOf(step) {
    return [...step.keys()].reduce((found, tile) => union(found, this.tileRectangle(tile)), null);
  }
}

function bytesOf(step) {
  let bytes = 0;
  for (const values of step.values()) bytes += values.byteLength;
  return bytes;
}

// Coverage, 0 to 1, at a distance from the centre of a brush. hardness: share of the radius that is covered fully.
// The border of a hard brush is one pixel wide, so that it is smooth.
export function coverage(distance, radius, hardness) {
  const inner = Math.min(hardness * radius, radius - 0.5), outer = Math.max(radius + 0.5 * hardness, inner + 1);
  if (distance <= inner) return 1;
  if (distance >= outer) return 0;
  const share = (outer - distance) / (outer - inner);
  return share * share * (3 - 2 * share);
}

// A stroke in progress. brush: size (diameter in pixels), hardness and opacity (0 to 1), and whether the pressure of a
// pen changes size or opacity. aspect: width of a pixel on the screen relative to its height. blend(values, at, before,
// beforeAt, amount, x, y): sets the channels of a pixel from those before the stroke.
export class Stroke {
  constructor(layer, brush, blend, aspect = 1) {
    Object.assign(this, { layer, brush, blend, aspect });
    this.mask = new Map(); // coverage of tiles, by their number
    this.last = null;
    this.middle = null;
    layer.begin();
  }

  // Continue to a point. pressure: 0 to 1. Return the rectangle that has changed.
  to(x, y, pressure = 1) {
    const point = { x, y, ...this.shapeAt(pressure) };
    const { last } = this;
    this.last = point;
    if (!last) {
      this.middle = point;
      return this.segment(point, point);
    }
    const middle = between(last, point, 0.5);
    const changed = this.curve(this.middle, last, middle);
    this.middle = middle;
    return changed;
  }

  // End at the last point. Return the rectangle that the whole stroke has changed; null if it has changed nothing.
  end() {
    if (this.last && this.middle !== this.last) this.segment(this.middle, this.last);
    this.mask.clear();
    return this.layer.commit();
  }

  cancel() {
    return this.layer.cancel();
  }

  shapeAt(pressure) {
    const { size, pressureSize, pressureOpacity } = this.brush;
    return { radius: Math.max(0.5, (size / 2) * (pressureSize ? pressure : 1)), strength: pressureOpacity ? pressure : 1 };
  }

  // Quadratic curve between the middles of two lines of the path, which rounds off its corners.
  curve(from, corner, to) {
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / CURVE_STEP));
    const isStraight = Math.abs((corner.x - from.x) * (to.y - corner.y) - (corner.y - from.y) * (to.x - corner.x)) < 0.01;
    let changed = null, before = from;
    for (let step = 1; step <= (isStraight ? 2 : steps); step += 1) {
      const share = step / (isStraight ? 2 : steps);
      const next = isStraight ? [corner, to][step - 1] : between(between(from, corner, share), between(corner, to, share), share);
      changed = union(changed, this.segment(before, next));
      before = next;
    }
    return changed;
  }

  // Cover everything within the radius of a line, whose radius and strength change evenly.
  segment(from, to) {
    const { layer, aspect, brush } = this;
    const reach = Math.max(from.radius, to.radius) + 1, across = reach / aspect;
    const rectangle = layer.clip([
      Math.floor(Math.min(from.x, to.x) - across), Math.floor(Math.min(from.y, to.y) - reach),
      Math.ceil(Math.max(from.x, to.x) + across), Math.ceil(Math.max(from.y, to.y) + reach),
    ]);
    if (!rectangle) return null;
    const dx = (to.x - from.x) * aspect, dy = to.y - from.y, square = dx * dx + dy * dy;
    layer.change(rectangle, (inside, before, whole) => {
      const mask = this.maskOf(whole), width = whole[2] - whole[0];
      for (let y = inside[1]; y < inside[3]; y += 1) {
        for (let x = inside[0]; x < inside[2]; x += 1) {
          const px = (x + 0.5 - from.x) * aspect, py = y + 0.5 - from.y;
          const share = square ? Math.min(1, Math.max(0, (px * dx + py * dy) / square)) : 0;
          const radius = from.radius + share * (to.radius - from.radius);
          const distance = Math.hypot(px - share * dx, py - share * dy);
          if (distance > radius + 1) continue;
          const strength = from.strength + share * (to.strength - from.strength);
          const amount = coverage(distance, radius, brush.hardness) * strength * brush.opacity;
          const place = (y - whole[1]) * width + x - whole[0];
          if (amount <= mask[place]) continue;
          mask[place] = amount;
          this.blend(layer.data, (y * layer.width + x) * layer.channels, before, place * layer.channels, amount, x, y);
        }
      }
    });
    return rectangle;
  }

  maskOf([left, top, right, bottom]) {
    const name = top * this.layer.width + left;
    let mask = this.mask.get(name);
    if (!mask) this.mask.set(name, (mask = new Float32Array((right - left) * (bottom - top))));
    return mask;
  }
}

function between(one, other, share) {
  const mixed = {};
  for (const name of ["x", "y", "radius", "strength"]) mixed[name] = one[name] + share * (other[name] - one[name]);
  return mixed;
}

// Blend towards fixed values, one for each channel: paint on a layer, or erase it with zeros.
export function blendTowards(values) {
  return (data, at, before, beforeAt, amount) => {
    for (let channel = 0; channel < values.length; channel += 1) {
      data[at + channel] = before[beforeAt + channel] + amount * (values[channel] - before[beforeAt + channel]);
    }
  };
}
