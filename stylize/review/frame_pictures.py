"""Pictures of a frame for the page: plate, result, key and overlays, as proxies with cache keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import F32, Bytes, Floats, Pixels
from stylize.context.mattes import shaping_of
from stylize.errors import ReviewError
from stylize.keys.candidates import candidate_file
from stylize.media.colour import BT709
from stylize.media.flatten import flatten
from stylize.media.images import convert_primaries, quantise, read_image, read_values, to_float
from stylize.media.plates import plate_pattern
from stylize.media.shot import Shot, read_plate
from stylize.planning.cuts import split
from stylize.project.digests import status_of
from stylize.review.new_content import NewContent, is_in_reach, keys_around
from stylize.review.overlays import error_picture, matte_picture, motion_picture, new_picture, source_picture
from stylize.review.proxies import PNG, ProxyCache, encode, proxy_size
from stylize.review.shown_cuts import shown_cuts
from stylize.review.shown_matte import shown_matte
from stylize.review.shown_motion import shown_motion
from stylize.review.shown_project import Part, ShownProject
from stylize.spans.frame_files import ERROR, MIX_SHARE
from stylize.stages import stable_hash

# Pictures that a frame may have. Overlays are transparent where they show nothing.
PLATE, RESULT, KEY = PICTURES = ("plate", "result", "key")
OVERLAYS = ("new", "error", "source", "motion", "matte")
# Part of the cache keys; raise it when the same files give other proxies.
_VERSION = 1
# Background of transparent pixels: black and white are both visible on it.
_BACKDROP = 0.25
_NEW_CONTENT = NewContent()


@dataclass(frozen=True)
class FramePicture:
    """Picture of a frame that can be made. cache_key: changes whenever its pixels do. make: encodes it."""

    cache_key: str
    media_type: str
    make: Callable[[], bytes]


@dataclass(frozen=True)
class Asked:
    """Picture that the page asks for. kind: one of PICTURES or OVERLAYS. width: of the display, in pixels."""

    kind: str
    frame: int
    width: int
    media_type: str


@dataclass(frozen=True)
class _Source:
    """Source of a picture. files: those that it is made from. details: what else decides its pixels.

    read: returns it as RGB or RGBA, uint8 (H, W, 3 or 4), in Rec. 709 primaries.
    """

    files: Sequence[Path]
    read: Callable[[], Bytes]
    details: list[Any] = field(default_factory=list)


def frame_picture(project: ShownProject, part: Part, asked: Asked) -> FramePicture | None:
    """Return a picture of a frame; None if it does not exist. Raises ReviewError for one that is never displayed."""
    if asked.kind not in (*PICTURES, *OVERLAYS) or not project.has_frame(asked.frame):
        raise ReviewError(f"expected a frame of the shot and one of {', '.join((*PICTURES, *OVERLAYS))}")
    source = _SOURCES.get(asked.kind, _picture)(project, part, asked)
    if source is None:
        return None
    # Mattes and vectors are inputs that the user has named, wherever they are.
    if asked.kind not in ("matte", "motion") and not all(map(project.holds, source.files)):
        raise ReviewError("expected a file of the project, found a link that leaves it; replace it by a copy")
    media_type = PNG if asked.kind in OVERLAYS else asked.media_type
    size = proxy_size(project.display_size, asked.width)
    files = [[str(path), *status_of(path.stat())] for path in source.files]
    key = stable_hash(_VERSION, files, asked.kind, size, media_type, source.details)
    return FramePicture(key, media_type, lambda: encode(source.read(), size, media_type))


def candidate_picture(project: ShownProject, part: Part, number: int, asked: Asked) -> FramePicture | None:
    """Return the picture of a candidate of a key; None if it does not exist. asked: its frame, width and media type."""
    if not project.has_frame(asked.frame):
        raise ReviewError("expected a frame of the shot; reload the page")
    path = candidate_file(plate_pattern(project.shot, part.root / "keys").path(asked.frame), number)
    if not path.is_file() or not project.holds(path):
        return None
    size = proxy_size(project.display_size, asked.width)
    key = stable_hash(_VERSION, str(path), status_of(path.stat()), "candidate", size, asked.media_type)
    pixels = _Source([path], lambda: _display(_pixels(project.shot, KEY, path), project.shot))
    return FramePicture(key, asked.media_type, lambda: encode(pixels.read(), size, asked.media_type))


def kept_picture(project: ShownProject, path: Path, width: int, media_type: str) -> FramePicture:
    """Return a finished picture of the shot that is stored elsewhere, such as in a saved version."""
    shot, size = project.shot, proxy_size(project.display_size, width)
    key = stable_hash(_VERSION, str(path), status_of(path.stat()), "kept", size, media_type)
    return FramePicture(key, media_type, lambda: encode(_display(_pixels(shot, RESULT, path), shot), size, media_type))


def cached(picture: FramePicture, cache: ProxyCache) -> bytes:
    """Return the encoded picture, from the cache if it is there."""
    return cache.get(picture.cache_key, picture.make)


def _picture(project: ShownProject, part: Part, asked: Asked) -> _Source | None:
    """Return the source of a plate, result or key."""
    if asked.kind == PLATE:
        path = project.plate(part, asked.frame)
    elif asked.kind == KEY:
        key = project.keys(part).get(asked.frame)
        path = None if key is None else key.path
    else:
        path = project.file(part.root / "out", asked.frame)
    if path is None:
        return None
    return _Source([path], lambda: _display(_pixels(project.shot, asked.kind, path), project.shot))


def _error(project: ShownProject, part: Part, asked: Asked) -> _Source | None:
    path = project.file(part.root / "passes" / ERROR, asked.frame)
    return None if path is None else _Source([path], lambda: error_picture(_grey(path)))


def _source(project: ShownProject, part: Part, asked: Asked) -> _Source | None:
    path = project.file(part.root / "passes" / MIX_SHARE, asked.frame)
    return None if path is None else _Source([path], lambda: source_picture(_grey(path)))


def _matte(project: ShownProject, part: Part, asked: Asked) -> _Source | None:
    found, shaping = shown_matte(project, part, asked.frame), shaping_of(part.look.settings)
    if found is None:
        return None
    details = [found.names, shaping.parameters()]
    return _Source([found.path], lambda: matte_picture(shaping.shape(found.read())), details)


def _motion(project: ShownProject, part: Part, asked: Asked) -> _Source | None:
    shot = _shot_of(project, part, asked.frame)
    place = shot.index(asked.frame)
    if place == 0:
        return None
    found = shown_motion(project, part, shot[place - 1], asked.frame, _plate_reader(project, part))
    size = proxy_size(project.display_size, asked.width)
    return None if found is None else _Source(found.files, lambda: motion_picture(found.read(), size))


def _new(project: ShownProject, part: Part, asked: Asked) -> _Source | None:
    shot = _shot_of(project, part, asked.frame)
    keys = keys_around(shot, list(project.keys(part)), asked.frame)
    paths = [project.plate(part, frame) for frame in (asked.frame, *keys)]
    files = [path for path in paths if path is not None]
    if not keys or len(files) < len(paths):
        return None
    keys = [key for key in keys if is_in_reach(shot, key, asked.frame)]
    if not keys:
        return None
    name = stable_hash(str(part.base), shot[0], shot[-1], [status_of(path.stat()) for path in files[1:]])
    size, plate = proxy_size(project.display_size, asked.width), _plate_reader(project, part)
    return _Source(files, lambda: new_picture(_NEW_CONTENT.map(name, shot, keys, asked.frame, plate), size), [keys])


_SOURCES: Mapping[str, Callable[[ShownProject, Part, Asked], _Source | None]] = {
    "new": _new, "error": _error, "source": _source, "motion": _motion, "matte": _matte,
}  # fmt: skip


def _shot_of(project: ShownProject, part: Part, frame: int) -> tuple[int, ...]:
    """Return the frames of the shot that a frame belongs to."""
    return next(shot for shot in split(project.shot.frames, shown_cuts(project, part)) if frame in shot)


def _plate_reader(project: ShownProject, part: Part) -> Callable[[int], Bytes]:
    def read(frame: int) -> Bytes:
        path = project.plate(part, frame)
        if path is None:
            raise ReviewError(f"expected the plate of frame {frame}, found none; run the shot again")
        return _display(_pixels(project.shot, PLATE, path), project.shot)

    return read


def _grey(path: Path) -> Floats:
    return np.ascontiguousarray(read_values(path, grey=True)[..., 0], F32)


def _pixels(shot: Shot, kind: str, path: Path) -> Pixels:
    if kind == PLATE and path in shot.files:
        return read_plate(path, shot)
    return read_image(path, shot.colour, untagged=shot.colour)


def _display(pixels: Pixels, shot: Shot) -> Bytes:
    """Return pixels for a browser, which takes them as sRGB."""
    flat = flatten(pixels, _BACKDROP)
    if not shot.colour.has_rec709_primaries:
        flat = convert_primaries(flat, shot.colour, BT709)
    return flat if flat.dtype == np.uint8 else quantise(to_float(flat), np.uint8)
