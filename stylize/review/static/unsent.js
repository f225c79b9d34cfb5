// Paintings with strokes that could not be saved, because the server did not answer or another tab was in control. They
// wait until the server says that this tab is in control, which it also says when it can be reached again.

import { on, page } from "./page.js";

export class Unsent {
  // save(painting): saves its strokes.
  constructor(save) {
    this.paintings = new Set();
    on("server:writer", () => { if (page.mayWrite) for (const painting of [...this.paintings]) save(painting); });
    addEventListener("beforeunload", (event) => { if (this.paintings.size) event.preventDefault(); });
  }

  // Let a painting wait for the server, or let it go. Return whether it waits.
  keep(painting, error) {
    const isWaiting = error instanceof TypeError || !page.mayWrite;
    if (isWaiting) this.paintings.add(painting);
    return isWaiting;
  }

  // The painting of a frame that waits; undefined if there is none.
  find(frame, part) {
    return [...this.paintings].find((one) => one.frame === frame && one.part === part);
  }
}
