"""Colours that represent a whole shot, for renderers that map the colours of all its keys in the same way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from propagate.arrays import F32, Bytes, Floats
from stylize.context.context import Context
from stylize.extensions.discovery import renderer
from stylize.project import Project
from stylize.renderers.example import NEAREST

# Frames that represent a shot, and the pixels of each: width and height.
FRAMES, SIZE = 8, (64, 64)


@dataclass(frozen=True)
class ShotColours:
    """Colours of evenly spaced frames of a shot: not those of its keys, whose choice would change every key.

    frames: their numbers. plate: reads one, uint8 (H, W, 3). paths: paths of the files.
    """

    frames: tuple[int, ...]
    plate: Callable[[int], Bytes]
    paths: Mapping[int, Path]
    project: Project

    @cached_property
    def pixels(self) -> Floats:
        """Return the colours: float32 (N, 3) in [0, 1]."""
        small = [cv2.resize(self.plate(frame), SIZE, interpolation=cv2.INTER_AREA) for frame in self.frames]
        return (np.concatenate(small).reshape(-1, 3) / F32(255)).astype(F32)

    def cache_inputs(self) -> list[Any]:
        """Return the inputs of the colours, for cache keys."""
        return [self.project.plate_digest(self.paths[frame]) for frame in self.frames]


def shot_colours(context: Context) -> ShotColours | None:
    """Return the colours of the shot, or None if the look of a key depends on its own plate only."""
    settings = context.settings
    if not {"palette", "tone"} <= set(renderer(settings.renderer).reads):
        return None
    shares = settings.palette > NEAREST and not settings.keep_colours
    if not shares and settings.tone == 0:
        return None
    frames = _evenly(context.shot.frames, FRAMES)
    return ShotColours(frames, context.plates.colour, context.plates.paths, context.project)


def _evenly(frames: Sequence[int], count: int) -> tuple[int, ...]:
    """Return up to ``count`` evenly spaced items."""
    places = np.linspace(0, len(frames) - 1, min(count, len(frames)))
    return tuple(dict.fromkeys(frames[round(place)] for place in places.tolist()))
