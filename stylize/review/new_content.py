"""Content of a frame that the keys around it do not show, measured on small pictures for display."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from propagate.arrays import Bytes, Floats
from propagate.flow_dis import DisFlow
from stylize.planning.coverage import MAX_RESIDUAL, motion, move_view, own_view, proxy, thumbnail, uncovered

# Max distance from a key in frames up to which content is followed, so that a request does not take long.
MAX_REACH = 120
_MAX_PASSES = 8
_LEVELS = 255


@dataclass
class _Pass:
    """Tracking of the content of a key through the frames on one side of it, as far as maps are requested."""

    residuals: Iterator[tuple[int, Bytes]]
    found: dict[int, Bytes] = field(default_factory=dict)

    def residual(self, frame: int) -> Floats:
        """Return the residual of a frame in reach: float32 (h, w), 0 to MAX_RESIDUAL."""
        while frame not in self.found:
            following, residual = next(self.residuals)
            self.found[following] = residual
        return np.asarray(self.found[frame] * np.float32(MAX_RESIDUAL / _LEVELS), np.float32)


@dataclass
class NewContent:
    """Maps of new content; passes that were used last stay in memory. Threads may call this at the same time."""

    _passes: OrderedDict[Any, _Pass] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def map(
        self, name: object, frames: Sequence[int], keys: Sequence[int], frame: int, plate: Callable[[int], Bytes]
    ) -> Floats:
        """Return the share of a frame that none of its keys covers: float32 (h, w) in [0, 1].

        name: identifies the plates. frames: those of the shot, ascending. keys: keys in reach of the frame, without
        itself; at least one. plate: reads a plate, uint8 (H, W, 3).
        """
        with self._lock:
            return uncovered(
                np.minimum.reduce([self._pass(name, frames, key, frame, plate).residual(frame) for key in keys])
            )

    def _pass(self, name: object, frames: Sequence[int], key: int, frame: int, plate: Callable[[int], Bytes]) -> _Pass:
        places = frames.index(key), frames.index(frame)
        way = frames[places[0] :] if places[1] > places[0] else frames[places[0] :: -1]
        known = (name, key, places[1] > places[0])
        if known not in self._passes:
            self._passes[known] = _Pass(_follow(way[: MAX_REACH + 1], plate))
        self._passes.move_to_end(known)
        while len(self._passes) > _MAX_PASSES:
            self._passes.popitem(last=False)
        return self._passes[known]


def keys_around(frames: Sequence[int], keys: Sequence[int], frame: int) -> list[int]:
    """Return the keys of a shot that lie next to a frame on both sides, without the frame itself.

    frames: those of the shot, ascending. keys: of the whole footage, ascending.
    """
    own = [key for key in keys if frames[0] <= key <= frames[-1] and key in frames]
    before = [key for key in own if key < frame][-1:]
    return before + [key for key in own if key > frame][:1]


def is_in_reach(frames: Sequence[int], key: int, frame: int) -> bool:
    """Return whether the content of a key is followed up to a frame. frames: those of the shot, ascending."""
    return abs(frames.index(key) - frames.index(frame)) <= MAX_REACH


def _follow(way: Sequence[int], plate: Callable[[int], Bytes]) -> Iterator[tuple[int, Bytes]]:
    """Yield (frame, residual) for the frames after the first one, which is the key."""
    estimate = DisFlow("fast")
    before = proxy(plate(way[0]))
    key = thumbnail(before)
    view = own_view(key)
    for frame in way[1:]:
        picture = proxy(plate(frame))
        view = move_view(view, motion(before, picture, estimate), key, thumbnail(picture), estimate)
        levels = np.clip(view.residual * np.float32(_LEVELS / MAX_RESIDUAL), 0, _LEVELS)
        yield frame, np.floor(levels + np.float32(0.5)).astype(np.uint8)
        before = picture
