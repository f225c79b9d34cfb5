// Lossless PNG of 16 bits, which a canvas cannot write.

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RGBA = 6, DEPTH = 16;
const BYTES = 8; // of a pixel
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

// Encode straight RGBA, Uint16Array of height * width * 4 values, as a PNG.
export async function encodePng(values, width, height) {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, DEPTH);
  header.setUint8(9, RGBA);
  const chunks = [chunk("IHDR", new Uint8Array(header.buffer)), chunk("IDAT", await deflate(filtered(values, width, height))), chunk("IEND", new Uint8Array())];
  return new Blob([new Uint8Array(SIGNATURE), ...chunks], { type: "image/png" });
}

// Rows with the filter Sub, the difference to the pixel on the left, which makes even areas small.
function filtered(values, width, height) {
  const row = width * BYTES, found = new Uint8Array((row + 1) * height);
  for (let y = 0; y < height; y += 1) {
    const start = y * (row + 1) + 1;
    found[start - 1] = 1;
    for (let place = 0; place < width * 4; place += 1) {
      const value = values[y * width * 4 + place], before = place < 4 ? 0 : values[y * width * 4 + place - 4];
      found[start + 2 * place] = (value >> 8) - (before >> 8);
      found[start + 2 * place + 1] = (value & 255) - (before & 255);
    }
  }
  return found;
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(name, content) {
  const found = new Uint8Array(content.length + 12), view = new DataView(found.buffer);
  view.setUint32(0, content.length);
  for (let place = 0; place < 4; place += 1) found[4 + place] = name.charCodeAt(place);
  found.set(content, 8);
  view.setUint32(content.length + 8, checksum(found.subarray(4, content.length + 8)));
  return found;
}

// Cyclic redundancy check of 32 bits, as of the PNG specification.
function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
