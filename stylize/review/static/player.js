// Position and playback: which frame is displayed, and which pictures are needed next.

const LATE = 2; // frame times after which the clock starts anew, so that a stall is not made up for by skipping
const BEHIND = 12, AHEAD = 48; // frames to prefetch around a pause

export class Player {
  // frames: numbers of the frames. rate: frames per second. isReady(place): whether a place can be displayed.
  // onShow(): the place, or playback, has changed. onWish(places): places to load, most urgent first.
  constructor({ frames, rate, isReady, onShow, onWish }) {
    Object.assign(this, { frames, rate, isReady, onShow, onWish });
    this.place = 0;
    this.direction = 0; // of playback: 0 paused, 1, 2, 4 forward, -1, -2, -4 backward
    this.loop = null; // first and last place
    this.due = 0;
    this.shownTimes = [];
  }

  get frame() { return this.frames[this.place]; }
  get range() { return this.loop || [0, this.frames.length - 1]; }

  // Measured frames per second, while playing.
  get measuredRate() {
    const times = this.shownTimes;
    return times.length < 2 ? 0 : (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
  }

  seek(place) {
    this.place = Math.min(this.frames.length - 1, Math.max(0, place));
    this.wish();
    this.onShow();
  }

  seekFrame(frame) {
    const place = this.frames.indexOf(frame);
    if (place >= 0) this.seek(place);
  }

  step(by) {
    this.pause();
    this.seek(this.place + by);
  }

  // Play in a direction; again in the same direction doubles the speed, up to four times.
  play(direction = 1) {
    const again = Math.sign(this.direction) === direction;
    this.direction = again ? Math.sign(direction) * Math.min(4, 2 * Math.abs(this.direction)) : direction;
    this.shownTimes = [];
    this.due = 0;
    if (!again) requestAnimationFrame((now) => this.tick(now));
    this.wish();
    this.onShow();
  }

  pause() {
    if (!this.direction) return;
    this.direction = 0;
    this.wish();
    this.onShow();
  }

  toggle() {
    if (this.direction) this.pause();
    else this.play(1);
  }

  setLoop(first, last) {
    const whole = first <= 0 && last >= this.frames.length - 1;
    this.loop = whole ? null : [Math.min(first, last), Math.max(first, last)];
    this.wish();
    this.onShow();
  }

  // Place after a number of steps, which wraps around in the range.
  after(steps) {
    const [first, last] = this.range, count = last - first + 1;
    const inside = this.place < first || this.place > last ? (steps > 0 ? -1 : 0) : this.place - first;
    return first + ((((inside + steps) % count) + count) % count);
  }

  tick(now) {
    if (!this.direction) return;
    requestAnimationFrame((later) => this.tick(later));
    const time = 1000 / (this.rate * Math.abs(this.direction));
    if (!this.due) this.due = now + time;
    if (now < this.due - 1) return;
    // At the shot's rate every frame is displayed. Faster than the screen, some must be left out.
    const steps = time < 16 ? Math.max(1, Math.round((now - this.due) / time)) : 1;
    const next = this.after(Math.sign(this.direction) * steps);
    if (!this.isReady(next)) return;
    this.due = now - this.due > LATE * time ? now + time : this.due + steps * time;
    this.place = next;
    this.shownTimes.push(now);
    while (now - this.shownTimes[0] > 1000) this.shownTimes.shift();
    this.wish();
    this.onShow();
  }

  wish() {
    const sign = Math.sign(this.direction), [first, last] = this.range;
    const count = last - first + 1, places = [this.place];
    if (sign) for (let n = 1; n <= Math.min(AHEAD, count - 1); n += 1) places.push(this.after(n * sign));
    else {
      for (let n = 1; n <= BEHIND; n += 1) places.push(this.place + n, this.place - n);
      for (let n = BEHIND + 1; n <= AHEAD; n += 1) places.push(this.place + n);
    }
    this.onWish(places.filter((place) => place >= 0 && place < this.frames.length));
  }
}
