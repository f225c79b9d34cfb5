"""The part and layer of an EXR that hold a picture."""

from pathlib import Path

import numpy as np
import pytest

from stylize.errors import InputError
from stylize.media.images import image_info, picture_layer_note, read_image
from stylize.media.images.picture_layer import PartChannels, choose_layer, layer_note
from tests.exr_files import Part, write_exr

RGB, RGBA = ("R", "G", "B"), ("A", "B", "G", "R")


def part(name: str, *channels: str) -> PartChannels:
    return PartChannels(name, channels)


def layer(prefix: str, names: str = "RGBA") -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names)


@pytest.mark.parametrize(
    ("parts", "wanted", "chosen"),
    [
        ([part("", *RGB)], None, (0, "rgba")),
        ([part("depth", "Z"), part("rgb", *RGB)], None, (1, "rgb")),
        ([part("", "Z", *layer("beauty"))], None, (0, "beauty")),
        ([part("", *layer("diffuse"), *layer("beauty"))], None, (0, "beauty")),
        ([part("", *layer("diffuse"), *RGBA)], None, (0, "rgba")),
        ([part("diffuse", *RGBA), part("beauty", *RGBA)], None, (1, "beauty")),
        ([part("", *layer("N", "XYZ"), *layer("N", "RGB"), *layer("key"))], None, (0, "key")),
        ([part("", *layer("CryptoObject00"), *layer("fg"))], None, (0, "fg")),
        ([part("", *layer("ViewLayer.Combined"), *layer("ViewLayer.DiffDir", "RGB"))], None, (0, "ViewLayer.Combined")),
        ([part("", "beauty.red", "beauty.green", "beauty.blue", "beauty.alpha")], None, (0, "beauty")),
        ([part("", *layer("diffuse"), *RGBA)], "Diffuse", (0, "diffuse")),
        ([part("a", *RGB), part("b", *layer("spec"))], "b", (1, "b.spec")),
        ([part("a", *RGB), part("b", *layer("spec"))], "spec", (1, "b.spec")),
        ([part("a", *RGB), part("b", *layer("N"))], "n", (1, "b.N")),
        ([part("", "Y")], None, (0, "rgba")),
        ([part("", "Y", "A")], None, (0, "rgba")),
    ],
)
def test_rule(parts: list[PartChannels], wanted: str | None, chosen: tuple[int, str]) -> None:
    found = choose_layer("a.exr", parts, wanted)
    assert (found.part, found.name) == chosen


def test_channels_of_a_layer_are_its_own() -> None:
    found = choose_layer("a.exr", [part("", "A", "Z", *layer("beauty", "BGR"))])
    assert (found.colour, found.alpha) == ((4, 3, 2), -1)


@pytest.mark.parametrize(
    ("parts", "wanted", "message"),
    [
        ([part("", "Z")], None, r"a\.exr: expected a picture .* found Z; render the picture too"),
        ([part("", "Y", "RY", "BY")], None, "found Y, RY, BY"),
        ([part("", *layer("N", "RGB"))], None, "choose one of these layers with --exr-layer NAME"),
        ([part("", *RGB)], "beauty", "--exr-layer beauty holds no picture, expected one of rgba, found R, G, B"),
        ([part("depth", "Z"), part("rgb", *RGB)], "depth", "--exr-layer depth holds no picture, expected one of rgb,"),
    ],
)
def test_refusals(parts: list[PartChannels], wanted: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_layer("a.exr", parts, wanted)


def test_choice_is_reported_with_the_others() -> None:
    parts = [part("depth", "Z"), part("rgba", *RGBA), part("spec", *RGB)]
    assert layer_note("a.exr", parts) == (
        "a.exr: the picture is the layer rgba in part 2 of 3; --exr-layer picks another: spec"
    )
    assert layer_note("a.exr", [part("", *RGBA, "Z")]) is None


def test_depth_is_never_read_as_the_picture(tmp_path: Path) -> None:
    depth, colour = np.full((4, 6, 1), 7.0, np.float32), np.full((4, 6, 3), 0.25, np.float32)
    path = write_exr(tmp_path / "a.exr", [Part(depth, ("Z",), "depth", "float"), Part(colour, name="rgb")])
    assert (read_image(path) == 35199).all()
    assert image_info(path).size == (6, 4)
    assert picture_layer_note(path) == f"{path}: the picture is the layer rgb in part 2 of 2"
    alone = write_exr(tmp_path / "z.exr", Part(depth, ("Z",)))
    with pytest.raises(InputError, match=r"z\.exr: expected a picture with the channels R, G and B, found Z"):
        read_image(alone)


def test_layer_is_read_by_name(tmp_path: Path) -> None:
    pixels = np.arange(6, dtype=np.float32).reshape(1, 1, 6) / 8
    names = ("R", "G", "B", "spec.R", "spec.G", "spec.B")
    path = write_exr(tmp_path / "a.exr", Part(pixels, names))
    assert read_image(path)[0, 0].tolist() == sorted(read_image(path)[0, 0].tolist())
    assert (read_image(path, layer="spec") > read_image(path)).all()
