// Bands of the timeline: drawings that are held, and values that change with the frame.

const DRAWINGS = 12, NUMBERS = 26, TEXTS = 20; // heights in CSS pixels
const PADDING = 6, FEWEST = 3; // CSS pixels before a text, and of the narrowest block that is drawn apart

// The bands of the curves that the server sent.
export function bandsOf({ drawings = [], schedules = [] }) {
  const bands = drawings.length ? [{ kind: "drawings", label: "Drawings", height: DRAWINGS, starts: drawings }] : [];
  return [...bands, ...schedules.map(({ label, points, low, high }) => {
    const isText = typeof points[0][1] === "string";
    return { kind: isText ? "texts" : "numbers", label, height: isText ? TEXTS : NUMBERS, points, low, high };
  })];
}

export function drawBand(timeline, band, y, width) {
  const { context } = timeline;
  context.save();
  context.beginPath();
  context.rect(0, y, width, band.height);
  context.clip();
  context.fillStyle = timeline.colour("panel");
  context.fillRect(0, y, width, band.height);
  ({ drawings: drawDrawings, numbers: drawNumbers, texts: drawTexts })[band.kind](timeline, band, y, width);
  context.restore();
}

// A block for each drawing; its length is the time for which it is held.
function drawDrawings(timeline, { starts, height }, y) {
  const { context } = timeline;
  context.fillStyle = timeline.colour("edge");
  const isDense = (timeline.count / starts.length) * timeline.frameWidth < FEWEST;
  if (isDense) return void context.fillRect(0, y + 3, timeline.count * timeline.frameWidth, height - 6);
  starts.forEach((start, number) => {
    const end = starts[number + 1] ?? timeline.count;
    context.fillRect(start * timeline.frameWidth + 1, y + 3, (end - start) * timeline.frameWidth - 2, height - 6);
  });
}

// A line through the points, with their values where there is room.
function drawNumbers(timeline, { points, low, high, height }, y, width) {
  const { context } = timeline, span = high - low || 1;
  const at = ([frame, value]) => [placeOf(timeline, frame), y + height - 4 - ((value - low) / span) * (height - 8)];
  const path = points.map(at);
  context.strokeStyle = timeline.colour("curve");
  context.lineWidth = 1.5;
  timeline.line([[0, path[0][1]], ...path, [width, path.at(-1)[1]]]);
  context.lineWidth = 1;
  context.fillStyle = timeline.colour("curve");
  for (const [x, height_] of path) context.fillRect(x - 2, height_ - 2, 4, 4);
  context.fillStyle = timeline.colour("muted");
  let free = 0;
  points.forEach(([, value], number) => {
    const label = String(+value.toFixed(3)), size = context.measureText(label).width, left = path[number][0] + PADDING;
    if (left < free || left + size > width) return;
    // Beside the line, not on it.
    context.fillText(label, left, path[number][1] > y + height / 2 ? y + 8 : y + height - 8);
    free = left + size + PADDING;
  });
}

// A block for each text, from its frame to the next one.
function drawTexts(timeline, { points, height }, y, width) {
  const { context } = timeline;
  points.forEach(([frame, words], number) => {
    const left = number ? leftOf(timeline, frame) : 0, right = number + 1 < points.length ? leftOf(timeline, points[number + 1][0]) : width;
    context.save();
    context.beginPath();
    context.rect(left, y, right - left - 1, height);
    context.clip();
    context.fillStyle = timeline.colour("raised");
    context.fillRect(left, y + 1, right - left - 1, height - 2);
    context.fillStyle = timeline.colour("text");
    context.fillText(words, left + PADDING, y + height / 2);
    context.restore();
  });
}

// Places of frames that the shot may not have: those before its first frame and after its last one are at its ends.
function leftOf(timeline, frame) {
  const { frames } = timeline.project, place = frames.findIndex((one) => one >= frame);
  return (place < 0 ? frames.length : place) * timeline.frameWidth;
}

function placeOf(timeline, frame) {
  return Math.min(timeline.count * timeline.frameWidth, leftOf(timeline, frame) + timeline.frameWidth / 2);
}
