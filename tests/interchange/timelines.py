"""Timelines for the tests of exports."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from stylize.interchange.timelines.timeline import Timeline, make_timeline
from stylize.media.images import write_image
from stylize.media.opening import open_shot
from stylize.media.shot import Shot
from stylize.media.targets import Target, parse_target
from tests.delivery.test_movie import source

FILM, NTSC, FAST = Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)
COUNT = 40
# Two shots with their keys, frames 1001 to 1040.
SHOTS = (((1001, 1017), (1001, 1010)), ((1018, 1040), (1025,)))


def shots_of(shot: Shot) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    chosen = set(shot.frames)
    return [
        (tuple(n for n in range(first, last + 1) if n in chosen), keys) for (first, last), keys in SHOTS
    ]  # fmt: skip


def movie_shot(folder: Path, rate: Fraction | int, timecode: str | None, frames: str | None = None) -> Shot:
    path = source(folder / "Größe & 1.mov", rate=rate, stamps=range(COUNT), audio="aac",
                  metadata={"timecode": timecode} if timecode else None)  # fmt: skip
    return open_shot(path, frames=frames, start_number=1001)


def picture_shot(folder: Path, rate: Fraction) -> Shot:
    (folder / "in").mkdir()
    for number in range(1001, 1001 + COUNT):
        write_image(folder / f"in/plate x.{number}.png", np.zeros((48, 64, 3), np.uint8))
    return open_shot(folder / "in", rate=rate)


def target_of(folder: Path, text: str) -> Target:
    return parse_target(str(folder / text), "shot")


def movie_timeline(
    folder: Path,
    rate: Fraction | int = FILM,
    timecode: str | None = "10:00:00:00",
    *,
    frames: str | None = None,
    handles: int = 0,
    alpha: str | None = None,
) -> Timeline:
    shot = movie_shot(folder, rate, timecode, frames)
    return make_timeline(shot, target_of(folder, "out é.mov"), shots_of(shot), alpha=alpha, handles=handles)


def picture_timeline(folder: Path, rate: Fraction = FILM, suffix: str = ".exr", alpha: str | None = None) -> Timeline:
    shot = picture_shot(folder, rate)
    timeline = make_timeline(shot, target_of(folder, f"out/comp 1.#####{suffix}"), shots_of(shot), alpha=alpha)
    return replace(timeline, name="Größe")
