"""Pictures of a frame for the page: plate, result, key and overlays, as proxies with cache keys."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Bytes, Pixels
from stylize.context.mattes import read_matte, shaping_of
from stylize.errors import ReviewError
from stylize.keys.candidates import candidate_file
from stylize.media.colour import BT709
from stylize.media.flatten import flatten
from stylize.media.images import convert_primaries, quantise, read_image, read_values, to_float
from stylize.media.plates import plate_pattern
from stylize.media.shot import Shot, read_plate
from stylize.project.digests import status_of
from stylize.review.overlays import error_picture, matte_picture, source_picture
from stylize.review.proxies import PNG, ProxyCache, encode, proxy_size
from stylize.review.shown_matte import matte_file
from stylize.review.shown_project import Part, ShownProject
from stylize.spans.frame_files import ERROR, MIX_SHARE
from stylize.stages import stable_hash

# Pictures that a frame may have. Overlays are transparent where they show nothing.
PLATE, RESULT, KEY = PICTURES = ("plate", "result", "key")
OVERLAYS = ("error", "source", "matte")
# Part of the cache keys; raise it when the same files give other proxies.
_VERSION = 1
# Background of transparent pixels: black and white are both visible on it.
_BACKDROP = 0.25


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


def frame_picture(project: ShownProject, part: Part, asked: Asked) -> FramePicture | None:
    """Return a picture of a frame; None if it does not exist. Raises ReviewError for one that is never shown."""
    if asked.kind not in (*PICTURES, *OVERLAYS) or not project.has_frame(asked.frame):
        raise ReviewError(f"expected a frame of the shot and one of {', '.join((*PICTURES, *OVERLAYS))}")
    path = _file_of(project, part, asked)
    if path is None:
        return None
    if not project.holds(path) and asked.kind != "matte":
        raise ReviewError("expected a file of the project, found a link that leaves it; replace it by a copy")
    media_type = PNG if asked.kind in OVERLAYS else asked.media_type
    size = proxy_size(project.display_size, asked.width)
    shaping = shaping_of(part.look.settings).parameters() if asked.kind == "matte" else []
    key = stable_hash(_VERSION, str(path), status_of(path.stat()), asked.kind, size, media_type, shaping)
    return FramePicture(key, media_type, lambda: encode(_read(project, part, asked.kind, path), size, media_type))


def candidate_picture(project: ShownProject, part: Part, number: int, asked: Asked) -> FramePicture | None:
    """Return the picture of a candidate of a key; None if it does not exist. asked: its frame, width and media type."""
    if not project.has_frame(asked.frame):
        raise ReviewError("expected a frame of the shot; reload the page")
    path = candidate_file(plate_pattern(project.shot, part.root / "keys").path(asked.frame), number)
    if not path.is_file() or not project.holds(path):
        return None
    size = proxy_size(project.display_size, asked.width)
    key = stable_hash(_VERSION, str(path), status_of(path.stat()), "candidate", size, asked.media_type)
    return FramePicture(
        key, asked.media_type, lambda: encode(_read(project, part, KEY, path), size, asked.media_type)
    )  # fmt: skip


def kept_picture(project: ShownProject, path: Path, width: int, media_type: str) -> FramePicture:
    """Return a finished picture of the shot that is kept elsewhere, such as one of a saved version."""
    shot, size = project.shot, proxy_size(project.display_size, width)
    key = stable_hash(_VERSION, str(path), status_of(path.stat()), "kept", size, media_type)
    return FramePicture(key, media_type, lambda: encode(_display(_pixels(shot, RESULT, path), shot), size, media_type))


def cached(picture: FramePicture, cache: ProxyCache) -> bytes:
    """Return the encoded picture, from the cache if it is there."""
    return cache.get(picture.cache_key, picture.make)


def _file_of(project: ShownProject, part: Part, asked: Asked) -> Path | None:
    frame, passes = asked.frame, part.root / "passes"
    if asked.kind == PLATE:
        return project.plate(part, frame)
    if asked.kind == KEY:
        key = project.keys(part).get(frame)
        return None if key is None else key.path
    if asked.kind == "matte":
        return matte_file(project, part, frame)
    folders = {RESULT: part.root / "out", "error": passes / ERROR, "source": passes / MIX_SHARE}
    return project.file(folders[asked.kind], frame)


def _read(project: ShownProject, part: Part, kind: str, path: Path) -> Bytes:
    """Read a picture as RGB or RGBA, uint8 (H, W, 3 or 4), in Rec. 709 primaries."""
    if kind == "error":
        return error_picture(np.ascontiguousarray(read_values(path, grey=True)[..., 0], F32))
    if kind == "source":
        return source_picture(np.ascontiguousarray(read_values(path, grey=True)[..., 0], F32))
    if kind == "matte":
        matte = read_matte(path, project.shot.size)
        return matte_picture(shaping_of(part.look.settings).shape(matte))
    return _display(_pixels(project.shot, kind, path), project.shot)


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
