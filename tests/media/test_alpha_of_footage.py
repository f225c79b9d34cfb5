"""Alpha of footage: premultiplied movies, and sequences that have alpha in some of their files only."""

from pathlib import Path

import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.errors import SequenceError, SettingsError
from stylize.media.images import write_image
from stylize.media.missing_alpha import missing_alpha
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import write_movie

SIZE = (64, 48)


def ball(colour: tuple[int, int, int], *, straight: bool, soft: float = 6.0) -> Pixels:
    """A ball with a soft edge on transparent ground: uint8 (H, W, 4)."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    alpha = np.clip((14 - np.hypot(x - 32, y - 24)) / soft + 0.5, 0, 1)[..., None]
    shade = np.asarray(colour) * (0.8 + 0.2 * np.sin(x / 5)[..., None])
    return np.concatenate([shade if straight else shade * alpha, 255 * alpha], axis=2).round().astype(np.uint8)


def prores(path: Path, picture: Pixels) -> Path:
    return write_movie(path, [picture] * 3, codec="prores_ks", layout="yuva444p10le", options={"profile": "4444"})


def test_premultiplied_movie_is_reported_and_read_as_straight(tmp_path: Path) -> None:
    colour = (220, 180, 90)
    path = prores(tmp_path / "a.mov", ball(colour, straight=False))
    (warning,) = open_shot(path).warnings
    assert "colour never exceeds alpha" in warning
    assert "--alpha premultiplied" in warning
    shot = open_shot(path, alpha="premultiplied")
    assert shot.warnings == ()
    (_, found), *_ = read_frames(shot)
    expected = ball(colour, straight=True)
    visible = expected[..., 3] > 60
    assert np.abs(found[..., :3] / 257 - expected[..., :3])[visible].mean() < 3
    np.testing.assert_array_equal(found[..., 3], next(read_frames(open_shot(path)))[1][..., 3])
    assert open_shot(path, alpha="straight").warnings == ()
    assert shot.cache_inputs(0) != open_shot(path).cache_inputs(0)


@pytest.mark.parametrize(
    "picture",
    [
        ball((220, 180, 90), straight=True),
        ball((60, 40, 30), straight=True),
        ball((220, 180, 90), straight=False, soft=0.01),
        np.dstack([ball((220, 180, 90), straight=False)[..., :3], np.full(SIZE[::-1], 255, np.uint8)]),
    ],
    ids=["straight", "straight and dark", "hard edges", "opaque"],
)
def test_other_alpha_is_not_reported(tmp_path: Path, picture: Pixels) -> None:
    assert open_shot(prores(tmp_path / "a.mov", picture)).warnings == ()


def test_alpha_is_refused_where_there_is_none_to_speak_of(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", [ball((90, 90, 90), straight=True)[..., :3]] * 2)
    with pytest.raises(SettingsError, match="--alpha premultiplied is given, but the footage has no alpha"):
        open_shot(path, alpha="premultiplied")
    write_image(tmp_path / "s.1.png", ball((90, 90, 90), straight=True)[..., :3])
    with pytest.raises(SettingsError, match="--alpha straight is given, but the footage has no alpha"):
        open_shot(tmp_path / "s.#.png", alpha="straight")
    write_image(tmp_path / "e.1.exr", ball((90, 90, 90), straight=True))
    with pytest.raises(SettingsError, match=r"such as PNG and movies, found \.exr with premultiplied alpha"):
        open_shot(tmp_path / "e.#.exr", alpha="premultiplied")


@pytest.mark.parametrize("suffix", ["exr", "png", "tif"])
def test_frames_without_alpha_are_named(tmp_path: Path, suffix: str) -> None:
    picture = ball((200, 100, 50), straight=True)
    for number in range(1, 7):
        write_image(tmp_path / f"a.{number:04d}.{suffix}", picture if number < 4 else picture[..., :3])
    shot = open_shot(tmp_path)
    assert [text.partition(": ")[2] for text in shot.warnings] == [
        "frames 4-6 have no alpha, unlike the others, and count as opaque"
    ]
    assert shot.alpha
    with pytest.raises(SequenceError, match=r"frames 4-6 have no alpha.*--strict"):
        open_shot(tmp_path, strict=True)
    assert open_shot(tmp_path, frames="1-3", strict=True).warnings == ()
    assert open_shot(tmp_path, frames="4-6", strict=True).warnings == ()


def test_one_frame_is_named_alone() -> None:
    expected = "s: frame 7 has no alpha, unlike the others, and counts as opaque"
    assert missing_alpha("s", [7, 8], [False, True]) == expected
