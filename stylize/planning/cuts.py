"""Detection of cuts: PySceneDetect proposes candidates, and optical flow decides.

A change of light is not a cut: neighbours are compared in the same light, and a black or white
frame belongs to no other picture. A fade through black or white is split in its middle.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from propagate.arrays import Bytes
from propagate.flow import estimate_step
from propagate.flow_dis import DisFlow
from propagate.light import is_blank, luminance, match_neighbours
from propagate.scene_break import is_scene_break
from stylize.planning.blends import is_blend
from stylize.planning.coverage import proxy, similarity, thumbnail

# A change this many times larger than its neighbours, and this large (of 255), is a candidate. Both thresholds are low,
# since flow decides. So is any change of LARGE_CHANGE, whatever is around it: one cut may follow another.
CHANGE_RATIO = 2.0
MIN_CHANGE = 6.0
LARGE_CHANGE = 18.0

# Number of frames on either side that a change is compared with.
WINDOW = 2

# Two frames belong to different shots if one covers less than this share of the other. We measured at most 0.05 across
# cuts, and at least 0.36 within shots, the fastest motion included.
SAME_SHOT_SIMILARITY = 0.2

# Levels of 255 up to which a bar is black, and the min share of a frame inside bars.
BAR_LEVEL, MIN_PICTURE = 24, 0.25
# Share of a frame from which it is mostly black.
MOSTLY_BLACK = 0.5

# A flash is shorter: the frames this far before and after the change are compared too.
FLASH_FRAMES = 3

# A fade has ended when the light grows by less than this factor from frame to frame, has reached this share of the
# light before it, or after so many frames.
FADE_GROWTH, FADE_SHARE, MAX_FADE = 1.04, 0.8, 60
# Decay per frame of the light that a frame is compared with, because the shot itself may grow darker before a fade.
LIGHT_DECAY = 0.98


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame of the footage. position: counted from 0. number: its own. picture: proxy."""

    position: int
    number: int
    picture: Bytes


@dataclass(frozen=True)
class _Change:
    """Candidate for a cut, between two frames that are not blank.

    before, after: the frames on either side, and those FLASH_FRAMES further away.
    """

    before: tuple[_Frame, _Frame]
    after: tuple[_Frame, _Frame]


def find_cuts(frames: Iterable[tuple[int, Bytes]]) -> tuple[int, ...]:
    """Return the numbers of the first frames of new shots, ascending, without the first frame of the footage.

    frames: number and plate, uint8 (H, W, 3) RGB, in order of time. Only a few small pictures are in memory at a time.
    """
    estimate = DisFlow("fast")
    fades = _FadeFinder(estimate)
    cuts: list[_Change] = []
    for change in _changes(frames, fades):
        # A frame that blends two shots belongs to the second.
        blended = bool(cuts) and cuts[-1].after[0] == change.before[1] and _is_blend(cuts[-1], change, estimate)
        if not blended and _is_cut(change, estimate):
            cuts.append(change)
    return tuple(sorted({*fades.cuts, *(change.after[0].number for change in cuts)}))


def split(frames: Sequence[int], cuts: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the numbers of each shot. cuts: first frames of new shots; those outside ``frames`` are ignored."""
    shots: list[list[int]] = [[]]
    starts = set(cuts)
    for frame in frames:
        if frame in starts and shots[-1]:
            shots.append([])
        shots[-1].append(frame)
    return [tuple(shot) for shot in shots if shot]


def _is_cut(change: _Change, estimate: DisFlow) -> bool:
    """Return whether another shot begins with a change, if only for one frame."""
    before, after = change.before[1].picture, change.after[0].picture
    if _same_shot(before, after, estimate):
        return False
    pairs = product((one.picture for one in change.before), (one.picture for one in change.after))
    if not any(_same_shot(*pair, estimate) for pair in pairs):
        return True
    # The picture returns, after a flash or after another picture: a flash shows the same things.
    first, second = match_neighbours(before, after)
    return is_scene_break(estimate_step(first, second, estimate), first, second)


def _is_blend(cut: _Change, change: _Change, estimate: DisFlow) -> bool:
    """Return whether the only frame between two changes mixes the frames around it."""
    before, middle, after = (
        thumbnail(frame.picture).picture for frame in (cut.before[1], change.before[1], change.after[0])
    )
    return is_blend(before, middle, after, estimate)


def _same_shot(one: Bytes, other: Bytes, estimate: DisFlow) -> bool:
    """Return whether one of two frames covers enough of the other.

    If one of them is mostly black, as around a title, each must cover the other: any picture that is
    made dark enough covers black.
    """
    first, second = match_neighbours(*_without_bars(one, other))
    pairs = [(first, second)]
    if max((picture.max(axis=2) <= BAR_LEVEL).mean() for picture in (first, second)) > MOSTLY_BLACK:
        pairs.append((second, first))
    return all(similarity(*pair, estimate) >= SAME_SHOT_SIMILARITY for pair in pairs)


def _without_bars(one: Bytes, other: Bytes) -> tuple[Bytes, Bytes]:
    """Return two frames without the black bars that both have; unchanged if little would be left."""
    visible = np.maximum(one, other).max(axis=2) > BAR_LEVEL
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not rows.size or (np.ptp(rows) + 1) * (np.ptp(columns) + 1) < MIN_PICTURE * visible.size:
        return one, other
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.ascontiguousarray(one[inside]), np.ascontiguousarray(other[inside])


class _FadeFinder:
    """Finder of shots that a fade or a run of black or white frames divides.

    cuts: the numbers of the first frames of new shots.
    """

    def __init__(self, estimate: DisFlow) -> None:
        self.cuts: list[int] = []
        self._estimate = estimate
        self._lit: Bytes | None = None
        self._light = 0.0
        self._blank: list[int] = []
        # The previous frame, its light, and the number of frames since the blank run.
        self._last: Bytes | None = None
        self._last_light = 0.0
        self._rising = 0

    def add(self, frame: _Frame, *, blank: bool) -> None:
        """Add the next frame."""
        light = float(luminance(frame.picture).mean())
        if blank:
            self.end()
            if self._lit is not None:
                self._blank.append(frame.number)
        elif self._blank:
            self._rising += 1
            ended = light < FADE_GROWTH * self._last_light or light >= FADE_SHARE * self._light
            if ended or self._rising > MAX_FADE:
                self._decide(frame.picture)
        elif self._lit is None or light >= FADE_SHARE * self._light:
            self._lit, self._light = frame.picture, light
        self._light *= LIGHT_DECAY
        self._last, self._last_light = frame.picture, 0.0 if blank else light

    def end(self) -> None:
        """Decide about a fade that is still rising."""
        if self._rising and self._last is not None:
            self._decide(self._last)

    def _decide(self, picture: Bytes) -> None:
        """Decide, from the first picture after it that is fully lit, whether a blank run divides two shots."""
        assert self._lit is not None
        if not _same_shot(self._lit, picture, self._estimate):
            self.cuts.append(self._blank[len(self._blank) // 2])
        self._lit, self._light = picture, float(luminance(picture).mean())
        self._blank, self._rising = [], 0


def _changes(frames: Iterable[tuple[int, Bytes]], fades: _FadeFinder) -> Iterator[_Change]:
    """Yield every abrupt change between frames that are not blank; show every frame to ``fades``."""
    from scenedetect import FrameTimecode  # slow to import, so loaded on demand
    from scenedetect.detectors import AdaptiveDetector

    detector = AdaptiveDetector(
        adaptive_threshold=CHANGE_RATIO, min_scene_len=0, window_width=WINDOW, min_content_val=MIN_CHANGE
    )
    recent: deque[_Frame] = deque(maxlen=2 * FLASH_FRAMES + WINDOW)
    blank: deque[bool] = deque(maxlen=recent.maxlen)
    suspects: set[int] = set()
    for frame in _padded(frames):
        # The detector expects BGR, and a frame rate that has no effect here.
        found = detector.process_frame(
            FrameTimecode(frame.position + WINDOW, 25.0), np.ascontiguousarray(frame.picture[..., ::-1])
        )
        suspects.update(int(time.frame_num) - WINDOW for time in found)
        if frame.position < 0:
            continue
        recent.append(frame)
        blank.append(is_blank(frame.picture))
        if len(recent) == 1 or frame.number != recent[-2].number:
            fades.add(frame, blank=blank[-1])
            if len(recent) > 1 and _is_large(recent[-2].picture, frame.picture):
                suspects.add(frame.position)
        due = frame.position - FLASH_FRAMES
        index = len(recent) - 1 - FLASH_FRAMES
        if due in suspects and index >= 1 and not (blank[index - 1] or blank[index]):
            yield _Change(
                (recent[max(0, index - FLASH_FRAMES)], recent[index - 1]), (recent[index], recent[index + FLASH_FRAMES])
            )
    fades.end()


def _is_large(one: Bytes, other: Bytes) -> bool:
    """Return whether a change is so large that it is a candidate whatever is around it."""
    first, second = (thumbnail(picture).picture for picture in match_neighbours(one, other))
    return bool(np.abs(first.astype(np.int16) - second).mean() >= LARGE_CHANGE)


def _padded(frames: Iterable[tuple[int, Bytes]]) -> Iterator[_Frame]:
    """Yield every frame; repeat the first and the last one, so that a change next to them can be judged."""
    last: _Frame | None = None
    for position, (number, plate) in enumerate(frames):
        picture = proxy(plate)
        if last is None:
            yield from (_Frame(place, number, picture) for place in range(-WINDOW, 0))
        last = _Frame(position, number, picture)
        yield last
    if last is not None:
        yield from (
            _Frame(last.position + 1 + place, last.number, last.picture) for place in range(FLASH_FRAMES + WINDOW)
        )
