// Paintings with strokes that the server has yet to store. If it does not answer, or another tab is in control, they
// wait until the server says that this tab is in control, which it also says when it can be reached again.

import { on, page } from "./page.js";

export class Unsent {
  // save(painting): saves its strokes, unless it is doing so.
  constructor(save) {
    this.paintings = new Set();
    on("server:writer", () => { if (page.mayWrite) for (const painting of [...this.paintings]) save(painting); });
    addEventListener("beforeunload", (event) => { if (this.paintings.size) event.preventDefault(); });
  }

  add(painting) { this.paintings.add(painting); }
  remove(painting) { this.paintings.delete(painting); }

  // Whether strokes that an error has kept from being saved can be saved later.
  canWait(error) { return error instanceof TypeError || !page.mayWrite; }

  // The painting of a frame, which the server has not stored yet; undefined if there is none.
  find(frame, part) {
    return [...this.paintings].find((one) => one.frame === frame && one.part === part);
  }
}
