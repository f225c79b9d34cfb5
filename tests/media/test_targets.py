"""Output targets, as given with -o."""

from fractions import Fraction
from pathlib import Path

import pytest

from stylize.errors import SettingsError
from stylize.media.targets import Encoding, check_encoding, parse_target, target_of


@pytest.mark.parametrize("text", ["out", "out/", "/tmp/a b/Zürich"])
def test_folder_gets_numbered_png_named_after_the_shot(text: str) -> None:
    target = parse_target(text, "shot")
    assert (target.kind, target.path) == ("folder", Path(text))
    assert target.pattern is not None
    assert target.pattern.path(1001) == Path(text) / "shot.1001.png"


def test_padding_applies_to_folders_only() -> None:
    assert [path.name for path in parse_target("out/", "v", padding=5).files([1, 123456])] == [
        "v.00001.png", "v.123456.png"
    ]  # fmt: skip
    assert target_of("out", "v", Path("x"), "draft", padding=6).files([7]) == [Path("out.draft/v.000007.png")]
    assert parse_target("out/c.####.exr", "v", padding=5).files([7]) == [Path("out/c.0007.exr")]


def test_existing_folder_with_a_movie_suffix_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "take.mov").mkdir()
    assert parse_target(str(tmp_path / "take.mov"), "shot").kind == "folder"
    assert parse_target(str(tmp_path / "new.v002") + "/", "shot").kind == "folder"


@pytest.mark.parametrize("text", ["out/comp.####.exr", "out/comp.%04d.exr"])
def test_pattern_is_used_unchanged(text: str) -> None:
    target = parse_target(text, "shot")
    assert (target.kind, target.path) == ("pattern", Path("out"))
    assert target.pattern is not None
    assert target.pattern.path(7) == Path("out/comp.0007.exr")


@pytest.mark.parametrize("text", ["styled.mp4", "out/styled.MOV", "me@home.mp4"])
def test_movie_suffix_gives_a_movie(text: str) -> None:
    assert parse_target(text, "shot").kind == "movie"
    assert parse_target(text, "shot").pattern is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("out.webm", r"\.mp4, \.mov.*\.png.*\.exr.*out\.webm/"),
        ("out.####.tga", r"\.png.*\.exr.*'\.tga'"),
        ("still.png", r"several frames; write still\.####\.png"),
        ("", "empty"),
    ],
)
def test_unsupported_format_lists_the_supported_ones(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_target(text, "shot")


def test_pattern_characters_in_a_shot_name_are_kept() -> None:
    target = parse_target("out", "me@50%d")
    assert target.pattern is not None
    assert target.pattern.path(3).name == "me@50%d.0003.png"


@pytest.mark.parametrize(
    ("output", "encoding", "message"),
    [
        (
            "a.mp4",
            Encoding(codec="prores-4444"),
            r"--codec prores-4444 is not supported in \.mp4; use the suffix \.mov",
        ),
        ("a.mov", Encoding(codec="ffv1"), r"use the suffix \.mkv"),
        ("a.mov", Encoding(bits=16), "--bits applies to pictures"),
        ("a.mov", Encoding(space="acescg"), "--working-space applies to pictures"),
        ("out/", Encoding(codec="h264"), r"--codec applies to \.mp4, \.mov, \.mkv, but the frames are \.png"),
        ("o.####.exr", Encoding(bits=16), r"--bits applies to \.png, \.tif, \.tiff, but the frames are \.exr"),
        ("o.####.png", Encoding(space="acescg"), r"--working-space applies to \.exr"),
    ],
)
def test_encoding_options_without_effect_are_refused(output: str, encoding: Encoding, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_encoding(encoding, parse_target(output, "shot"), (640, 360))


@pytest.mark.parametrize(
    ("output", "encoding"),
    [
        ("a.mov", Encoding(codec="prores-4444", fps=Fraction(24))),
        ("o.####.exr", Encoding(space="acescg", fps=Fraction(24))),
        ("o.####.tif", Encoding(bits=16)),
        ("o.####.png", Encoding(fps=Fraction(24))),
        ("a.mkv", Encoding()),
    ],
)
def test_encoding_options_with_effect_are_accepted(output: str, encoding: Encoding) -> None:
    check_encoding(encoding, parse_target(output, "shot"), (640, 360))


@pytest.mark.parametrize(("size", "fits"), [((256, 120), True), ((255, 120), False), ((640, 118), False)])
def test_pictures_too_small_for_a_codec_are_refused_early(size, fits):
    encoding, target = Encoding(codec="dnxhr-hq"), parse_target("out.mov", "shot")
    if fits:
        check_encoding(encoding, target, size)
    else:
        with pytest.raises(SettingsError, match=f"requires 256x120 or larger, found {size[0]}x{size[1]}"):
            check_encoding(encoding, target, size)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, "export/shot.draft-1-2.mp4"),
        ("a/out.mov", "a/out.draft-1-2.mov"),
        ("a/out/", "a/out.draft-1-2/shot.0007.png"),
        (".", "draft-1-2/shot.0007.png"),
        ("..", "../draft-1-2/shot.0007.png"),
        ("a/comp_####.exr", "a/comp.draft-1-2_0007.exr"),
        ("####.png", "draft-1-2.0007.png"),
    ],
)
def test_names_contain_the_label_of_a_draft(output: str | None, expected: str) -> None:
    assert target_of(output, "shot", Path("export"), "draft-1-2").files([7]) == [Path(expected)]
    assert target_of(output, "shot", Path("export")).files([7]) != [Path(expected)]
