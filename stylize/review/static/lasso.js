// Lasso: an area enclosed by a line, drawn freehand or from point to point, filled as one step that can be undone.

const CLICK = 4; // CSS pixels of a drag below which it is a click, which adds a point
const CLOSE = 10; // CSS pixels from the first point within which another one closes the line

// Fill a polygon on a layer. points: [x, y] in pixels of the layer, at least three. blend: as of a Stroke; amount is the
// covered share of a pixel. Return the rectangle that has changed; null for none.
export function fillPolygon(layer, points, blend) {
  const across = points.map(([x]) => x), down = points.map(([, y]) => y);
  const rectangle = layer.clip([
    Math.floor(Math.min(...across)), Math.floor(Math.min(...down)), Math.ceil(Math.max(...across)), Math.ceil(Math.max(...down)),
  ]);
  if (!rectangle || points.length < 3) return null;
  const [left, top, right, bottom] = rectangle, width = right - left;
  const covered = rasterise(points, left, top, width, bottom - top);
  layer.begin();
  layer.change(rectangle, (inside, before, whole) => {
    for (let y = inside[1]; y < inside[3]; y += 1) {
      for (let x = inside[0]; x < inside[2]; x += 1) {
        const amount = covered[((y - top) * width + x - left) * 4 + 3] / 255;
        if (!amount) continue;
        const at = (y * layer.width + x) * layer.channels;
        const beforeAt = ((y - whole[1]) * (whole[2] - whole[0]) + x - whole[0]) * layer.channels;
        blend(layer.data, at, before, beforeAt, amount, x, y);
      }
    }
  });
  return layer.commit();
}

function rasterise(points, left, top, width, height) {
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d", { willReadFrequently: true });
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x - left, y - top);
  context.fill("evenodd");
  return context.getImageData(0, 0, width, height).data;
}

// Line of a lasso that is being drawn, in pixels of the picture. scale: returns CSS pixels for a pixel of the picture.
export class Lasso {
  constructor(scale) {
    Object.assign(this, { scale, points: [], isDrawing: false, length: 0, started: 0 });
  }

  get isOpen() { return this.points.length > 0; }

  clear() {
    this.points = [];
    this.isDrawing = false;
  }

  // A pointer goes down, moves and goes up. The last returns the points of the area if the line is closed, else null.
  down(point) {
    this.isDrawing = true;
    this.length = 0;
    this.started = this.points.length;
    if (!this.closes(point)) this.points.push(point);
    return this;
  }

  move(point) {
    const last = this.points.at(-1);
    const distance = Math.hypot(point[0] - last[0], point[1] - last[1]) * this.scale();
    if (distance < 1) return;
    this.length += distance;
    this.points.push(point);
  }

  up(point) {
    this.isDrawing = false;
    if (this.length < CLICK) {
      const closes = this.started === this.points.length && this.started > 2;
      this.points.length = Math.max(this.started, Math.min(this.points.length, this.started + 1));
      return closes ? this.close() : null;
    }
    return this.started === 0 || this.closes(point) ? this.close() : null;
  }

  // Add a point from the keyboard. The same point again closes the line.
  add(point) {
    const last = this.points.at(-1);
    if (this.points.length > 2 && (this.closes(point) || (last[0] === point[0] && last[1] === point[1]))) return this.close();
    this.points.push(point);
    return null;
  }

  removeLast() {
    this.points.pop();
  }

  close() {
    const { points } = this;
    this.clear();
    return points.length > 2 ? points : null;
  }

  closes(point) {
    const [first] = this.points;
    return this.points.length > 2 && Math.hypot(point[0] - first[0], point[1] - first[1]) * this.scale() < CLOSE;
  }
}
