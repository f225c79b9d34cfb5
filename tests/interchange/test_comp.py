"""Foregrounds composited over the plate equal the result, as After Effects and Nuke do it from the scripts."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import stylize
from masks.disjoint_over import disjoint_over
from propagate.arrays import Floats, Pixels
from stylize.media.colour import Colour, from_rec709, to_rec709
from stylize.media.images import read_image, read_values, write_image
from stylize.media.images.transfer import encode_srgb
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.interchange.test_foreground import stored_pixels
from tests.interchange.test_nuke import matrix_of, nodes
from tests.sliding import SIZE, scene

FRAMES, FIRST = 3, 7
RAMP = np.clip((38 - np.arange(SIZE[0])) / 12, 0, 1)[None].repeat(SIZE[1], axis=0)
DISC = cv2.GaussianBlur(cv2.circle(np.zeros(SIZE[::-1], np.float32), (36, 18), 9, 1, -1), (0, 0), 2)
NAMES = ("left", "right", "disc")


@pytest.fixture
def layers(tmp_path: Path) -> list[dict[str, Any]]:
    """Two layers whose soft edges meet, and one with an edge of its own over both; textured looks."""
    made = []
    for place, (name, matte) in enumerate(zip(NAMES, (RAMP, 1 - RAMP, DISC), strict=True)):
        folder = tmp_path / name
        folder.mkdir()
        for number in (FIRST, FIRST + FRAMES - 1):
            write_image(folder / f"{number}.png", np.roll(scene(FRAMES, seed=20 + place)[1], 60 * place, axis=2))
        write_image(tmp_path / f"{name}.png", np.round(matte * 65535).astype(np.uint16))
        made.append({"name": name, "matte": tmp_path / f"{name}.png", "keys": folder})
    return made


def plates_of(folder: Path, deep: bool, suffix: str = ".png", colour: Colour | None = None) -> Path:
    folder.mkdir()
    for number, pixels in enumerate(scene(FRAMES), FIRST):
        values = pixels.astype(np.uint16) * 257 - (pixels > 0) * np.uint16(99) if deep else pixels
        write_image(folder / f"plate.{number:04d}{suffix}", values, **({"colour": colour} if colour else {}))
    return folder


def over(front: Pixels, below: Floats) -> Floats:
    """Plain over, as displayed, of straight pixels: float64 (H, W, 3), 0 to 1."""
    most = np.iinfo(front.dtype).max
    alpha = front[..., 3:] / most
    return np.asarray(front[..., :3] / most * alpha + below * (1 - alpha))


def unit(pixels: Pixels) -> Floats:
    return np.asarray(pixels[..., :3] / np.iinfo(pixels.dtype).max)


def levels(found: Floats, wanted: Pixels, deep: bool = False) -> int:
    """Maximum difference in code values of 8 or 16 bits."""
    top = 65535 if deep else 255
    return int(np.abs(np.floor(found * top + 0.5) - np.floor(unit(wanted) * top + 0.5)).max())


FORMS = [(".png", False, None), (".png", True, None), (".tif", False, 16), (".tif", True, None), (".exr", False, None),
         (".exr", True, None)]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "deep", "bits"), FORMS)
def test_foregrounds_over_the_plate_equal_the_result(tmp_path, layers, suffix, deep, bits):
    """Half floats keep 8 bits of the display values; 16 bits keep 16."""
    plates = plates_of(tmp_path / "in", deep)
    more = {"bits": bits} if bits else {}
    result = stylize.run(
        plates, layers=layers, output=f"{tmp_path}/o/x.####{suffix}", export="matte,foreground", **more
    )
    fine = suffix != ".exr" and (deep or bits == 16)
    for number, path in result.frames.items():
        plate, wanted = read_image(plates / f"plate.{number:04d}.png"), read_image(path)
        laid = unit(plate)
        for name in NAMES:
            front = tmp_path / f"o/plate_layer_{name}_foreground/plate_layer_{name}_foreground.{number:04d}{suffix}"
            assert stored_pixels(front)[1].get_int_attribute("oiio:UnassociatedAlpha", 0) == (suffix != ".exr")
            laid = over(read_image(front), laid)
        # A result made at 8 bits and read at 16 includes its own rounding.
        assert levels(laid, wanted, deep=fine and deep) <= 1
        together = read_image(tmp_path / f"o/plate_foreground/plate_foreground.{number:04d}{suffix}")
        assert levels(over(together, unit(plate)), wanted, deep=fine and deep) <= 1
        covered = read_values(tmp_path / f"o/plate_matte/plate_matte.{number:04d}.png")[..., 0]
        np.testing.assert_allclose(unit(together[..., 3:])[..., 0], covered, atol=0.51 / 255)
        # The mattes are unchanged, too.
        mattes = [read_values(tmp_path / f"{name}.png")[..., 0] for name in NAMES]
        for name, matte in zip(NAMES, mattes, strict=True):
            kept = tmp_path / f"o/plate_layer_{name}_matte/plate_layer_{name}_matte.{number:04d}.png"
            np.testing.assert_array_equal(read_values(kept)[..., 0], matte)
        looks = [read_image(result.project / f"layers/{name}/passes/look/{path.name}") for name in NAMES]
        np.testing.assert_array_equal(disjoint_over(looks, mattes, plate), wanted)


def test_after_effects_stacks_the_layers_over_the_plate(tmp_path, layers):
    pytest.importorskip("dukpy")
    from tests.interchange.test_aftereffects import run

    plates = plates_of(tmp_path / "in", False)
    for suffix, alpha in ((".png", "straight"), (".exr", "premultiplied")):
        folder = tmp_path / f"o{suffix[1:]}"
        result = stylize.run(
            plates, layers=layers, output=f"{folder}/x.####{suffix}", export="matte,foreground,aftereffects"
        )
        there = [path.as_posix() for path in tmp_path.glob("**/*.*")]
        done = run((folder / "plate.jsx").read_text(), there, counts=dict.fromkeys(there, FRAMES))
        assert [comp["name"] for comp in done["comps"]] == ["plate", "plate layers"]
        assert [comp["opened"] for comp in done["comps"]] == [True, False]
        assert done["comps"][0] | {"name": "", "opened": 0} == done["comps"][1] | {"name": "", "opened": 0}
        found = {one["file"]: one for one in done["imports"]}
        assert len(found) == len(done["imports"])
        stack = done["stacks"]["plate layers"][::-1]
        shown = [layer["name"].split(" ", 1)[1] for layer in stack if layer["enabled"]]
        assert shown == ["plate", *(f"layer_{name}_foreground" for name in NAMES)]
        hidden = [layer["name"].split(" ", 1)[1] for layer in stack if not layer["enabled"]]
        assert hidden == [*(f"layer_{name}_matte" for name in NAMES), "foreground"]
        laid = np.zeros((*SIZE[::-1], 3))
        for layer in stack:
            source = layer["item"]["mainSource"]
            (file,) = [name for name, one in found.items() if one["item"]["name"] == layer["item"]["name"]]
            assert file.endswith(f"{FIRST:04d}{Path(file).suffix}")
            front = file.endswith(suffix) and "foreground" in file
            assert source["alphaMode"] == (alpha if front else "ignore")
            assert (layer["inPoint"], layer["startTime"]) == (0, 0)
            if layer["enabled"]:
                # Our reader takes an EXR's alpha as premultiplied, and that of other formats as straight.
                pixels = read_image(file)
                laid = over(pixels, laid) if front else unit(pixels)
        assert levels(laid, read_image(result.frames[FIRST])) <= 1


def test_single_look_has_a_comp(tmp_path, layers):
    pytest.importorskip("dukpy")
    from tests.interchange.test_aftereffects import run

    plates, look = plates_of(tmp_path / "in", False), layers[2]
    stylize.run(
        plates, keys=look["keys"], matte=look["matte"], output=f"{tmp_path}/o/", export="foreground,aftereffects"
    )
    there = [path.as_posix() for path in tmp_path.glob("**/*.*")]
    done = run((tmp_path / "o/plate.jsx").read_text(), there)
    assert [layer["name"].split(" ", 1)[1] for layer in done["stacks"]["plate layers"][::-1]] == ["plate", "foreground"]
    stylize.run(plates, keys=look["keys"], matte=look["matte"], output=f"{tmp_path}/o/", export="aftereffects")
    assert list(run((tmp_path / "o/plate.jsx").read_text(), there)["stacks"]) == ["plate"]


class Comp:
    """Evaluates a Nuke script: the output of a node, float64 (H, W, 4)."""

    def __init__(self, script: Path, frame: int) -> None:
        self.nodes, self.frame = nodes(None, script.read_text()), frame  # type: ignore[arg-type]

    def __call__(self, name: str) -> Floats:
        node = self.nodes[name]
        if node["kind"] == "Read":
            return self._read(node)
        inputs = [self(one) for one in node["from"].split()]
        values = inputs[0].copy()
        colour, alpha = values[..., :3], values[..., 3:]
        if node["kind"] == "Premult":
            colour *= alpha
        elif node["kind"] == "Unpremult":
            np.divide(colour, alpha, out=colour, where=alpha > 0)
        elif node["kind"] == "Colorspace":
            colour[:] = decoded(colour) if "colorspace_in" in node else encoded(colour)
        elif node["kind"] == "ColorMatrix":
            colour[:] = colour @ matrix_of(node).T
        elif node["kind"] == "Merge2":
            assert node["operation"] == "over"
            above = inputs[1]
            values = above + values * (1 - above[..., 3:])
        elif node["kind"] != "Viewer":
            raise AssertionError(node)
        return values

    def _read(self, node: dict[str, str]) -> Floats:
        assert int(node["first"]) <= self.frame <= int(node["last"])
        pixels = stored_pixels(Path(node["file"] % self.frame))[0]
        values = pixels.astype(np.float64) / (np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1)
        values = np.dstack([values, np.zeros((*values.shape[:2], 4 - values.shape[2]))])
        if node.get("colorspace") == "sRGB":
            values[..., :3] = decoded(values[..., :3])
        return values


def decoded(values: Floats) -> Floats:
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def encoded(values: Floats) -> Floats:
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 0.0031308) ** (1 / 2.4) - 0.055)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "more"), [(".png", {}), (".exr", {}), (".exr", {"working_space": "acescg"})])
def test_nuke_merges_the_layers_over_the_plate(tmp_path, layers, suffix, more):
    plates = plates_of(tmp_path / "in", False)
    result = stylize.run(
        plates, layers=layers, output=f"{tmp_path}/o/x.####{suffix}", export="matte,foreground,nuke", **more
    )
    for frame, path in result.frames.items():
        comp = Comp(tmp_path / "o/plate.nk", frame)
        reads = [name for name, node in comp.nodes.items() if node["kind"] == "Read"]
        fronts = [f"layer_{name}_foreground" for name in NAMES]
        mattes = [f"layer_{name}_matte" for name in NAMES]
        assert reads == ["plate", "result", *fronts, "foreground", "matte", *mattes]
        assert {name for name in reads if "raw" in comp.nodes[name]} == {"matte", *mattes}
        merged = encoded(comp("layers")[..., :3])
        assert levels(merged, read_image(path)) <= 1
        # The result is read through the same node.
        last = "result_rec709" if more else "result"
        assert levels(encoded(comp(last)[..., :3]), read_image(path)) <= 1
        assert comp.nodes["Viewer1"]["from"] == "plate_or_result layers"
        # Order matters: reversed, the layers give another picture.
        order = [comp.nodes[f"{name}_over"]["from"].split()[1] for name in fronts]
        assert order == [f"{name}_display" for name in fronts]


@pytest.mark.slow
def test_nuke_merges_other_primaries_without_conversion(tmp_path, layers):
    wide = Colour(9, 9, 14)
    plates = plates_of(tmp_path / "in", False, colour=wide)
    for layer in layers:
        for path in layer["keys"].iterdir():
            write_image(path, read_image(path), colour=wide)
    for suffix in (".png", ".exr"):
        folder = tmp_path / suffix[1:]
        result = stylize.run(plates, layers=layers, output=f"{folder}/x.####{suffix}", export="foreground,nuke")
        comp = Comp(folder / "plate.nk", FIRST)
        merged = comp(comp.nodes["Viewer1"]["from"].split()[1])[..., :3]
        linear = from_rec709(merged.astype(np.float32), wide)
        own = encode_srgb(np.maximum(linear, 0))
        assert levels(own, read_image(result.frames[FIRST])) <= 1
        shown = to_rec709(decoded(unit(read_image(result.frames[FIRST]))).astype(np.float32), wide)
        np.testing.assert_allclose(merged, shown, atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("part", [None, "8-9"])
def test_foregrounds_have_the_frame_numbers_of_the_shot(tmp_path, layers, part):
    """Cover a movie with a start number, and a frame range of it."""
    from tests.clips import write_movie

    movie = write_movie(tmp_path / "shot.mov", scene(FRAMES))
    more = {"frames": part} if part else {}
    stylize.run(
        movie, layers=layers, output=f"{tmp_path}/o/x.####.png", export="matte,foreground,nuke", start_number=FIRST,
        **more,
    )  # fmt: skip
    numbers = [8, 9] if part else [7, 8, 9]
    kinds = ["matte", "foreground", *(f"layer_{name}_{kind}" for name in NAMES for kind in ("matte", "foreground"))]
    for kind in kinds:
        found = sorted(path.name for path in (tmp_path / f"o/shot_{kind}").iterdir())
        assert found == [f"shot_{kind}.{number:04d}.png" for number in numbers]
    read = nodes(None, (tmp_path / "o/shot.nk").read_text())["layer_disc_foreground"]  # type: ignore[arg-type]
    assert (read["first"], read["last"]) == (str(numbers[0]), "9")


@pytest.mark.slow
def test_gaps_in_the_numbers_are_kept(tmp_path, layers):
    plates = plates_of(tmp_path / "in", False)
    (plates / f"plate.{FIRST + 1:04d}.png").unlink()
    stylize.run(plates, layers=layers, output=f"{tmp_path}/o/", export="matte,foreground", frames="7,9")
    for kind in ("foreground", "layer_left_foreground", "layer_disc_matte"):
        assert sorted(int(path.suffixes[0][1:]) for path in (tmp_path / f"o/plate_{kind}").iterdir()) == [7, 9]


@pytest.mark.slow
def test_prores_4444_result_has_prores_4444_foregrounds(tmp_path, layers):
    """As straight as pictures are, and as close as the codec allows; without the sound, which the result has."""
    plates = plates_of(tmp_path / "in", False)
    asked: dict[str, Any] = {"layers": layers, "export": "foreground,nuke", "rate": "23.976"}
    stylize.run(plates, output=f"{tmp_path}/png/", **asked)
    made = stylize.run(plates, output=f"{tmp_path}/o/x.mov", codec="prores-4444", **asked)
    for kind in ("foreground", *(f"layer_{name}_foreground" for name in NAMES)):
        path = tmp_path / f"o/plate_{kind}.mov"
        assert path in made.outputs
        movie = open_shot(path)
        assert (movie.alpha, len(movie.frames), movie.rate) == (True, FRAMES, open_shot(tmp_path / "o/x.mov").rate)
        for number, (_, found) in enumerate(read_frames(movie), FIRST):
            wanted = read_image(tmp_path / f"png/plate_{kind}/plate_{kind}.{number:04d}.png")
            off = np.abs(unit(found[..., 3:]) - unit(wanted[..., 3:]))
            assert off.max() < 1.5 / 255
            inside = wanted[..., 3] > 200
            assert np.abs(unit(found) - unit(wanted))[inside].mean() < 0.02
    read = nodes(None, (tmp_path / "o/plate.nk").read_text())["layer_disc_foreground"]  # type: ignore[arg-type]
    assert (read["file"], read["frame"]) == (f"{tmp_path}/o/plate_layer_disc_foreground.mov", str(FIRST))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "o").glob("*.mov")}
    stylize.run(plates, output=f"{tmp_path}/o/x.mov", codec="prores-4444", **asked)
    assert {path: path.stat().st_mtime_ns for path in before} == before
