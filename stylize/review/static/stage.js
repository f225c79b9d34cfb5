// Drawing of a frame: modes, overlays, zoom and pan.

const LABEL_SIZE = 13;

export class Stage {
  constructor(canvas, onView) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.onView = onView;
    this.size = [1, 1]; // of the shot with square pixels
    this.widths = [];
    this.mode = "result";
    this.wipe = 0.5;
    this.gain = 4;
    this.opacity = 0.7;
    this.zoom = 0; // device pixels for a pixel of the shot; 0 fits the picture into the stage
    this.centre = [0.5, 0.5]; // point of the picture in the middle of the stage, 0 to 1
    this.scratch = document.createElement("canvas");
    // Kinds of the two pictures that are compared, and their names.
    this.compared = ["plate", "result"];
    this.names = ["Plate", "Result"];
  }

  // Kinds of pictures that the mode needs.
  get kinds() {
    return { plate: ["plate"], result: ["result"] }[this.mode] || [...new Set(this.compared)];
  }

  // Match the drawing area to the screen. Return whether it has changed.
  fitToScreen() {
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  get paneWidth() {
    return this.mode === "side" ? Math.floor(this.canvas.width / 2) : this.canvas.width;
  }

  get scale() {
    const margin = 16 * (devicePixelRatio || 1);
    const fit = Math.min((this.paneWidth - margin) / this.size[0], (this.canvas.height - margin) / this.size[1]);
    return this.zoom || Math.max(fit, 0.01);
  }

  // Width in pixels of proxies: that on the screen, rounded up to one that the server makes, or the whole picture.
  get wantedWidth() {
    const width = Math.ceil(this.size[0] * this.scale);
    return Math.min(this.size[0], this.widths.find((one) => one >= width) ?? this.size[0]);
  }

  // Rectangle of the picture in a pane that begins at x.
  rectangle(x = 0) {
    const width = Math.round(this.size[0] * this.scale), height = Math.round(this.size[1] * this.scale);
    return {
      x: Math.round(x + this.paneWidth / 2 - this.centre[0] * width),
      y: Math.round(this.canvas.height / 2 - this.centre[1] * height), width, height,
    };
  }

  // Point of the picture, in pixels of the shot, at a position on the stage in device pixels. pane: that of the point
  // in the mode side by side, 0 or 1. pressure: 0 to 1, 0.5 for a mouse.
  toPicture([x, y], event = {}) {
    const pane = this.mode === "side" && x >= this.paneWidth ? 1 : 0;
    const rectangle = this.rectangle(pane * this.paneWidth);
    return {
      x: ((x - rectangle.x) / rectangle.width) * this.size[0], y: ((y - rectangle.y) / rectangle.height) * this.size[1],
      pane, pressure: event.pointerType === "pen" ? event.pressure : 0.5,
    };
  }

  // Position on the stage, in device pixels, of a point of the picture. pane: as above.
  toScreen({ x, y }, pane = 0) {
    const rectangle = this.rectangle(pane * this.paneWidth);
    return [rectangle.x + (x / this.size[0]) * rectangle.width, rectangle.y + (y / this.size[1]) * rectangle.height];
  }

  setZoom(zoom, at = null) {
    const before = this.rectangle();
    const point = at && [(at[0] - before.x) / before.width, (at[1] - before.y) / before.height];
    this.zoom = zoom && Math.min(32, Math.max(0.05, zoom));
    if (!this.zoom) this.centre = [0.5, 0.5];
    else if (point) {
      const width = this.size[0] * this.scale, height = this.size[1] * this.scale;
      this.centre = [point[0] - (at[0] - this.paneWidth / 2) / width, point[1] - (at[1] - this.canvas.height / 2) / height];
    }
    this.keepVisible();
    this.onView();
  }

  pan(x, y) {
    if (!this.zoom) return;
    const { width, height } = this.rectangle();
    this.centre = [this.centre[0] - x / width, this.centre[1] - y / height];
    this.keepVisible();
    this.onView();
  }

  keepVisible() {
    this.centre = this.centre.map((one) => Math.min(1, Math.max(0, one)));
  }

  // Draw pictures, by kind, and an overlay; each may be missing.
  draw(pictures, overlay) {
    const { context, canvas } = this;
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
    context.fillStyle = getComputedStyle(canvas.parentElement).backgroundColor;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = this.zoom < 2; // pixels are visible only to those who zoom in
    context.imageSmoothingQuality = "high";
    if (this.mode === "side") this.drawSides(pictures, overlay);
    else if (this.mode === "wipe") this.drawWipe(pictures, overlay);
    else if (this.mode === "difference") this.drawDifference(pictures, overlay);
    else this.put(pictures[this.mode], this.rectangle(), overlay);
  }

  put(picture, { x, y, width, height }, overlay = null) {
    if (picture) {
      // A picture of another shot keeps its shape.
      const fit = Math.min(width / picture.width, height / picture.height);
      const isSame = Math.abs(picture.width / picture.height - width / height) < 0.02 * (width / height);
      const wide = isSame ? width : picture.width * fit, high = isSame ? height : picture.height * fit;
      this.context.drawImage(picture, x + (width - wide) / 2, y + (height - high) / 2, wide, high);
    }
    if (!overlay) return;
    this.context.globalAlpha = this.opacity;
    this.context.drawImage(overlay, x, y, width, height);
    this.context.globalAlpha = 1;
  }

  clipped(x, width, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(x, 0, width, this.canvas.height);
    this.context.clip();
    draw();
    this.context.restore();
  }

  drawSides(pictures, overlay) {
    const half = this.paneWidth;
    const [one, other] = this.compared.map((kind) => pictures[kind]);
    this.clipped(0, half, () => this.put(one, this.rectangle()));
    this.clipped(half, half, () => this.put(other, this.rectangle(half), overlay));
    this.label(this.names[0], this.rectangle(), 0, half);
    this.label(this.names[1], this.rectangle(half), half, 2 * half);
  }

  get wipeX() {
    const { x, width } = this.rectangle();
    return Math.round(x + width * this.wipe);
  }

  drawWipe(pictures, overlay) {
    const rectangle = this.rectangle(), at = this.wipeX, ratio = devicePixelRatio || 1;
    const [one, other] = this.compared.map((kind) => pictures[kind]);
    this.clipped(0, at, () => this.put(one, rectangle));
    this.clipped(at, this.canvas.width, () => this.put(other, rectangle, overlay));
    this.context.fillStyle = "#000";
    this.context.fillRect(at - 1.5 * ratio, rectangle.y, 3 * ratio, rectangle.height);
    this.context.fillStyle = "#fff";
    this.context.fillRect(at - 0.5 * ratio, rectangle.y, ratio, rectangle.height);
    this.label(this.names[0], rectangle, 0, at);
    this.label(this.names[1], rectangle, at, this.canvas.width, true);
  }

  drawDifference(pictures, overlay) {
    const [plate, result] = this.compared.map((kind) => pictures[kind]);
    if (!plate || !result) return this.put(result || plate, this.rectangle(), overlay);
    const { scratch } = this;
    scratch.width = result.width;
    scratch.height = result.height;
    const context = scratch.getContext("2d");
    context.drawImage(result, 0, 0);
    context.globalCompositeOperation = "difference";
    context.drawImage(plate, 0, 0, result.width, result.height);
    context.globalCompositeOperation = "lighter";
    for (let gain = 1; gain < this.gain; gain *= 2) context.drawImage(scratch, 0, 0);
    return this.put(scratch, this.rectangle(), overlay);
  }

  // Name what is visible between two borders, above the picture's upper corner.
  label(text, rectangle, from, to, atRight = false) {
    const { context } = this, ratio = devicePixelRatio || 1;
    const left = Math.max(rectangle.x, from), right = Math.min(rectangle.x + rectangle.width, to);
    context.font = `600 ${LABEL_SIZE * ratio}px system-ui, sans-serif`;
    const width = context.measureText(text).width + 16 * ratio, height = 24 * ratio;
    if (right - left < width + 16 * ratio) return;
    const x = atRight ? right - width - 8 * ratio : left + 8 * ratio, y = Math.max(rectangle.y, 0) + 8 * ratio;
    context.fillStyle = "rgb(0 0 0 / 0.7)";
    context.fillRect(x, y, width, height);
    context.fillStyle = "#fff";
    context.textBaseline = "middle";
    context.fillText(text, x + 8 * ratio, y + height / 2);
  }
}
