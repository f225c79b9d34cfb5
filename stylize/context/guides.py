"""User-supplied guides: features for patch matching in addition to the plate.

A guide has one picture per frame, such as depth, normals, object IDs or a painted map. Guides are data, so no colour
conversion applies. Integers are divided by the maximum of their type. Floats (EXR) are unchanged if the whole shot lies
in [0, 1]. Otherwise they are normalised by the minimum and maximum over all frames and channels of the shot. Values
that are infinite or have a magnitude of INFINITE or more are excluded from this range and clipped to 0 or 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Floats
from propagate.features import MAX_CHANNELS, STYLE_CHANNELS
from stylize.errors import GuideError, InputError
from stylize.ingest.unpacking import unpack_once
from stylize.media.companions import Companion
from stylize.media.images import read_data
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.real_path import real_path
from stylize.settings import GuideSpec
from stylize.stages import cache_key

# 3D renderers write a depth of 1e10 where there is no surface.
INFINITE = 1e9
# Channels of the built-in guides: the plate's colour, its edges and its surroundings.
PLATE_CHANNELS = 5
MAX_GUIDE_CHANNELS = MAX_CHANNELS - STYLE_CHANNELS - PLATE_CHANNELS

_GUIDE = Companion("guide", GuideError)


@dataclass(frozen=True)
class Guide:
    """One guide of a shot.

    paths: file of each frame. size: (width, height) in pixels. weight: weight of each channel, relative to 12 for
    the plate's colour. low, high: input values that are mapped to 0 and 1. channels: 1 to 3; 1 if all frames are grey.
    """

    paths: Mapping[int, Path]
    size: tuple[int, int]
    weight: float
    low: float
    high: float
    channels: int

    def read(self, frame: int) -> Floats:
        """Read a frame: float32 (H, W) or (H, W, C) in [0, 1]. Raises GuideError if it is missing or unusable."""
        path = _GUIDE.file_of(self.paths, frame)
        values = _values(path)
        _GUIDE.check_size(path, (values.shape[1], values.shape[0]), self.size)
        scaled = np.clip((values - F32(self.low)) / F32(max(self.high - self.low, 1e-30)), 0, 1)
        return np.ascontiguousarray(scaled[..., 0] if self.channels == 1 else scaled[..., : self.channels])

    def parameters(self) -> list[float]:
        """Return the weight and the parameters of `read`, for cache keys. File contents are not included."""
        return [self.weight, self.low, self.high, self.channels]


def open_guides(requested: Sequence[GuideSpec], shot: Shot, project: Project) -> tuple[Guide, ...]:
    """Find the guides of a shot, and scan all frames for value range and channels. The project caches the scan.

    Raises GuideError if a file is missing or unreadable, has another size or holds NaN, if the number of frames
    differs from the shot's, or if the guides have more than MAX_GUIDE_CHANNELS channels in total.
    """
    found = tuple(_open_guide(one, shot, project) for one in requested)
    channels = sum(guide.channels for guide in found)
    if channels > MAX_GUIDE_CHANNELS:
        raise GuideError(
            f"the guides have {channels} channels in total, expected at most {MAX_GUIDE_CHANNELS}; use fewer guides, "
            "or make them grey"
        )
    return found


def open_control(path: Path, shot: Shot, project: Project) -> Guide:
    """Find the conditioning pictures of a control. Raises GuideError, as ``open_guides`` does."""
    return _open_guide(GuideSpec(path, 1.0), shot, project)


def _open_guide(requested: GuideSpec, shot: Shot, project: Project) -> Guide:
    files = _GUIDE.files(requested.path, shot, lambda movie: unpack_once(movie, project, "guides"))
    distinct = list(dict.fromkeys(files.values()))
    name = f"guide {real_path(requested.path)}"
    key = cache_key("guide", [project.digest(path) for path in distinct])
    stored = project.recall(name, key)
    if stored is None:
        stored = list(_scan(requested.path, distinct))
        project.remember(name, key, stored)
    low, high, channels = stored
    return Guide(files, shot.size, requested.weight, low, high, channels)


def _scan(path: Path, files: Iterable[Path]) -> tuple[float, float, int]:
    """Return the values that are mapped to 0 and 1, and the number of channels, which is 1 if all frames are grey."""
    grey, count = True, 0
    lows, highs = list[float](), list[float]()
    for file in files:
        values = _values(file)
        count = count or values.shape[2]
        if values.shape[2] != count:
            problem = f"expected {count} channels as in the previous frames, found {values.shape[2]}"
            raise GuideError(f"guide {file}: {problem}; give all frames of {path} the same channels")
        grey = grey and bool((values == values[..., :1]).all())
        finite = values[np.abs(values) < INFINITE]
        if finite.size:
            lows.append(float(finite.min()))
            highs.append(float(finite.max()))
    if not lows:
        problem = f"expected values below {INFINITE:g}, found none in the whole shot"
        raise GuideError(f"guide {path}: {problem}; choose another file or layer")
    low, high = min(lows), max(highs)
    channels = 1 if grey else count
    return (low, high, channels) if low < 0 or high > 1 else (0.0, 1.0, channels)


def _values(path: Path) -> Floats:
    """Read a file: float32 (H, W, C), integers scaled to [0, 1]. Raises GuideError if it is unreadable or holds NaN."""
    try:
        return read_data(path)
    except InputError as error:
        raise GuideError(f"guide {error}") from error
