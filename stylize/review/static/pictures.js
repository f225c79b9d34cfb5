// Pictures in memory: fetched a few at a time, in the order of the latest wishes, and dropped beyond a limit of bytes.

import { errorOf } from "./api.js";

const CONCURRENT = 4;

export class Pictures {
  // urlOf: returns the address of a picture by its name. onLoad: called with a name when its picture is there.
  constructor(urlOf, onLoad, maxBytes = 512 << 20) {
    this.urlOf = urlOf;
    this.onLoad = onLoad;
    this.maxBytes = maxBytes;
    this.kept = new Map(); // name -> ImageBitmap, or null where the server has none or cannot read it; least recently used first
    this.loading = new Map();
    this.wished = [];
    this.bytes = 0;
  }

  // The picture, null where there is none, undefined while it is not loaded.
  get(name) {
    const found = this.kept.get(name);
    if (found !== undefined) {
      this.kept.delete(name);
      this.kept.set(name, found);
    }
    return found;
  }

  has(name) {
    return this.kept.has(name);
  }

  // Replace the wishes. names: most urgent first.
  wish(names) {
    this.wished = names.filter((name) => !this.kept.has(name) && !this.loading.has(name));
    const wanted = new Set(names);
    for (const name of this.loading.keys()) if (!wanted.has(name)) this.abort(name);
    this.pump();
  }

  abort(name) {
    this.loading.get(name).abort();
    this.loading.delete(name);
  }

  pump() {
    while (this.loading.size < CONCURRENT && this.wished.length) this.load(this.wished.shift());
  }

  async load(name) {
    const abort = new AbortController();
    this.loading.set(name, abort);
    try {
      const response = await fetch(this.urlOf(name), { signal: abort.signal });
      const picture = response.ok ? await createImageBitmap(await response.blob()) : null;
      if (!abort.signal.aborted) this.keep(name, picture);
      if (!response.ok && response.status !== 404) throw await errorOf(response);
    } catch (error) {
      if (error.name !== "AbortError") this.failed?.(error);
    } finally {
      if (this.loading.get(name) === abort) this.loading.delete(name);
      this.pump();
    }
    if (this.kept.has(name)) this.onLoad(name);
  }

  keep(name, picture) {
    this.forget(name);
    this.kept.set(name, picture);
    this.bytes += bytesOf(picture);
    for (const oldest of this.kept.keys()) {
      if (this.bytes <= this.maxBytes || oldest === name) break;
      this.forget(oldest);
    }
  }

  forget(name) {
    const found = this.kept.get(name);
    if (found === undefined) return;
    this.kept.delete(name);
    this.bytes -= bytesOf(found);
    found?.close();
  }

  // Forget the pictures whose names a function accepts; the server answers quickly for those that have not changed.
  forgetAll(accepts = () => true) {
    for (const name of [...this.loading.keys()]) if (accepts(name)) this.abort(name);
    for (const name of [...this.kept.keys()]) if (accepts(name)) this.forget(name);
  }
}

function bytesOf(picture) {
  return picture ? picture.width * picture.height * 4 : 0;
}
