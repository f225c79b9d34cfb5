"""The words after -o."""

from fractions import Fraction
from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.media.targets import Encoding, check_encoding, parse_target


@pytest.mark.parametrize("text", ["out", "out/", "/tmp/a b/Zürich"])
def test_a_folder_takes_numbered_png_named_after_the_shot(text: str) -> None:
    target = parse_target(text, "shot")
    assert (target.kind, target.path) == ("folder", Path(text))
    assert target.pattern is not None
    assert target.pattern.path(1001) == Path(text) / "shot.1001.png"


def test_a_folder_that_looks_like_a_movie_is_a_folder_when_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "take.mov").mkdir()
    assert parse_target(str(tmp_path / "take.mov"), "shot").kind == "folder"
    assert parse_target(str(tmp_path / "new.v002") + "/", "shot").kind == "folder"


@pytest.mark.parametrize("text", ["out/comp.####.exr", "out/comp.%04d.exr"])
def test_a_pattern_is_taken_as_it_is(text: str) -> None:
    target = parse_target(text, "shot")
    assert (target.kind, target.path) == ("pattern", Path("out"))
    assert target.pattern is not None
    assert target.pattern.path(7) == Path("out/comp.0007.exr")


@pytest.mark.parametrize("text", ["styled.mp4", "out/styled.MOV", "me@home.mp4"])
def test_movies(text: str) -> None:
    assert parse_target(text, "shot").kind == "movie"
    assert parse_target(text, "shot").pattern is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("out.webm", r"\.mp4, \.mov.*\.png.*\.exr.*out\.webm/"),
        ("out.####.tga", r"\.png.*\.exr.*'\.tga'"),
        ("still.png", r"many frames: write still\.####\.png"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_written_is_told_with_what_can(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_target(text, "shot")


def test_a_shot_name_with_pattern_signs_keeps_them() -> None:
    target = parse_target("out", "me@50%d")
    assert target.pattern is not None
    assert target.pattern.path(3).name == "me@50%d.0003.png"


@pytest.mark.parametrize(
    ("output", "encoding", "says"),
    [
        (
            "a.mp4",
            Encoding(codec="prores-4444"),
            r"--codec prores-4444 does not go into \.mp4: name the movie with \.mov",
        ),
        ("a.mov", Encoding(codec="ffv1"), r"name the movie with \.mkv"),
        ("a.mov", Encoding(bits=16), "--bits is for pictures"),
        ("a.mov", Encoding(space="acescg"), "--working-space is for pictures"),
        ("out/", Encoding(codec="h264"), r"--codec is for \.mp4, \.mov, \.mkv, and the frames are \.png"),
        ("o.####.exr", Encoding(bits=16), r"--bits is for \.png, \.tif, \.tiff, and the frames are \.exr"),
        ("o.####.png", Encoding(space="acescg"), r"--working-space is for \.exr"),
        ("o.####.png", Encoding(fps=Fraction(24)), r"--fps is for .*\.exr, \.dpx"),
    ],
)
def test_what_would_do_nothing_is_refused(output: str, encoding: Encoding, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        check_encoding(encoding, parse_target(output, "shot"), (640, 360))


@pytest.mark.parametrize(
    ("output", "encoding"),
    [
        ("a.mov", Encoding(codec="prores-4444", fps=Fraction(24))),
        ("o.####.exr", Encoding(space="acescg", fps=Fraction(24))),
        ("o.####.tif", Encoding(bits=16)),
        ("a.mkv", Encoding()),
    ],
)
def test_what_has_a_use_is_taken(output: str, encoding: Encoding) -> None:
    check_encoding(encoding, parse_target(output, "shot"), (640, 360))


@pytest.mark.parametrize(("size", "fits"), [((256, 120), True), ((255, 120), False), ((640, 118), False)])
def test_pictures_too_small_for_a_codec_are_told_before_the_work(size, fits):
    encoding, target = Encoding(codec="dnxhr-hq"), parse_target("out.mov", "shot")
    if fits:
        check_encoding(encoding, target, size)
    else:
        with pytest.raises(
            SettingsError, match=f"needs pictures of 256x120 or larger, and these are {size[0]}x{size[1]}"
        ):
            check_encoding(encoding, target, size)
