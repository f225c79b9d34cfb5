// Thumbnails of the keys on the timeline, as many as fit.

export const STRIP = 36; // height in CSS pixels
const GAP = 3, WIDTH = 160; // CSS pixels between two thumbnails, and width of the pictures that are fetched
const MAX_KEPT = 400, LOCK = [7, 6]; // size of the lock of a key

export class KeyStrip {
  // onLoad(): a picture is there.
  constructor(onLoad) {
    this.onLoad = onLoad;
    this.kept = new Map(); // pictures by address, the latest last
  }

  // Draw the strip at a height of the timeline. Keys without a picture show their plate in a dashed frame.
  draw(timeline, y) {
    const { context, project } = timeline, width = Math.round((STRIP * project.width) / project.height);
    let free = 0;
    for (const key of project.keys) {
      const middle = timeline.middle(project.frames.indexOf(key.frame)), most = timeline.canvas.clientWidth - width;
      const left = Math.round(Math.min(most, Math.max(0, middle - width / 2)));
      if (left < free) continue;
      free = left + width + GAP;
      const picture = this.pictureOf(project, key);
      context.fillStyle = timeline.colour("panel");
      context.fillRect(left, y, width, STRIP);
      if (picture.complete && picture.naturalWidth) context.drawImage(picture, left, y, width, STRIP);
      context.strokeStyle = timeline.colour("key");
      context.setLineDash(key.exists ? [] : [4, 3]);
      context.strokeRect(left + 0.5, y + 0.5, width - 1, STRIP - 1);
      context.setLineDash([]);
      if (key.lock) drawLock(context, left + width - 13, y + 4);
    }
  }

  pictureOf(project, key) {
    const kind = key.exists ? "key" : "plate", part = encodeURIComponent(project.part);
    // Another picture of the key has another address, so that it is fetched.
    const version = encodeURIComponent(key.version ?? "");
    const address = `/api/project/${project.id}/picture/${kind}/${key.frame}?width=${WIDTH}&exact=0&part=${part}&version=${version}`;
    const known = this.kept.get(address);
    if (known) return known;
    const picture = new Image();
    picture.addEventListener("load", this.onLoad);
    picture.src = address;
    this.kept.set(address, picture);
    if (this.kept.size > MAX_KEPT) this.kept.delete(this.kept.keys().next().value);
    return picture;
  }
}

function drawLock(context, x, y) {
  const [width, height] = LOCK;
  context.fillStyle = "rgb(0 0 0 / 0.7)";
  context.fillRect(x - 2, y - 2, width + 4, height + 9);
  context.fillStyle = context.strokeStyle = "#fff";
  context.fillRect(x, y + 5, width, height);
  context.beginPath();
  context.arc(x + width / 2, y + 5, 2.5, Math.PI, 2 * Math.PI);
  context.stroke();
}
