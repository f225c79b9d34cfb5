"""Mattes by keying: chroma key, luma key, and difference from a clean plate. Frames are independent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from masks.chroma import BLUE, GREEN, chroma_key, screen_colour
from masks.difference import difference_key
from masks.luma import luma_key
from propagate.arrays import Floats
from stylize.errors import InputError, MatteError
from stylize.ingest.unpacking import unpack_once
from stylize.media.companions import Companion
from stylize.media.images import read_image, to_float
from stylize.media.plates import Plates
from stylize.media.shot import Shot, read_view
from stylize.project import Project
from stylize.settings import SCREENS, Levels, MatteSettings

# Number of evenly spaced frames from which the screen colour is sampled.
SAMPLED_FRAMES = 5

_CLEAN_PLATE = Companion("clean plate", MatteError, is_plate=True)


@dataclass(frozen=True)
class KeyedFrame:
    """A keyed frame. matte: float32 (H, W) in [0, 1]. foreground: RGB, float32 (H, W, 3) in [0, 1], or None."""

    matte: Floats
    foreground: Floats | None


@dataclass(frozen=True)
class Keyer:
    """A keyer. key: keys a frame. cache_inputs: returns the inputs of a frame's matte except its plate."""

    key: Callable[[int], KeyedFrame]
    cache_inputs: Callable[[int], list[Any]]


def open_keyer(settings: MatteSettings, shot: Shot, plates: Plates, project: Project) -> Keyer:
    """Return the requested keyer. Raises MatteError if the shot has no such screen, or clean plates do not fit."""

    def picture(frame: int) -> Floats:
        return to_float(np.ascontiguousarray(plates.read(frame)[..., :3]))

    if settings.chroma is not None:
        screen = _shot_screen_colour(settings.chroma, shot, picture)
        return Keyer(lambda frame: _key_screen(picture(frame), screen), lambda _: [screen.tolist()])
    if settings.luma is not None:
        levels = settings.luma
        return Keyer(
            lambda frame: KeyedFrame(luma_key(picture(frame), levels.low, levels.high), None),
            lambda _: ["luma", levels.low, levels.high],
        )
    assert settings.clean is not None
    return _difference_keyer(settings.clean, settings.difference, shot, picture, project)


def _key_screen(picture: Floats, screen: Floats) -> KeyedFrame:
    try:
        keyed = chroma_key(picture, screen)
    except ValueError as error:
        raise MatteError(f"--chroma: {error}; give a more saturated colour, or use --luma or --clean") from error
    return KeyedFrame(keyed.matte, keyed.foreground)


def _shot_screen_colour(chroma: str, shot: Shot, picture: Callable[[int], Floats]) -> Floats:
    """Return one screen colour for the whole shot, so that the matte does not flicker: RGB, float32 (3,) in [0, 1]."""
    if chroma not in SCREENS:
        return np.array([int(chroma[at : at + 2], 16) for at in (1, 3, 5)], np.float32) / np.float32(255)
    channel = GREEN if chroma == "green" else BLUE
    indices = np.linspace(0, len(shot.frames) - 1, min(SAMPLED_FRAMES, len(shot.frames))).round().astype(int)
    detected = [screen_colour(picture(shot.frames[index]), channel) for index in indices]
    colours = [one for one in detected if one is not None]
    if not colours:
        raise MatteError(
            f"--chroma {chroma}: found no {chroma} screen in {shot.path}; give its colour, for example #14b43c"
        )
    return np.asarray(np.median(colours, axis=0), np.float32)


def _difference_keyer(
    path: Path, levels: Levels, shot: Shot, picture: Callable[[int], Floats], project: Project
) -> Keyer:
    files = _CLEAN_PLATE.files(path, shot, lambda movie: unpack_once(movie, project, "mask"))

    def key(frame: int) -> KeyedFrame:
        return KeyedFrame(
            difference_key(picture(frame), _read_clean_plate(files, frame, shot), levels.low, levels.high), None
        )

    return Keyer(
        key, lambda frame: ["clean", levels.low, levels.high, project.digest(files[frame])]
    )  # fmt: skip


def _read_clean_plate(files: Mapping[int, Path], frame: int, shot: Shot) -> Floats:
    file = _CLEAN_PLATE.file_of(files, frame)
    try:
        if shot.view is not None:
            pixels = read_view(file, shot)
        else:
            pixels = read_image(file, shot.colour, untagged=shot.colour, layer=shot.layer)
    except InputError as error:
        raise MatteError(f"clean plate {error}") from error
    _CLEAN_PLATE.check_size(file, (pixels.shape[1], pixels.shape[0]), shot.size)
    return to_float(np.ascontiguousarray(pixels[..., :3]))
