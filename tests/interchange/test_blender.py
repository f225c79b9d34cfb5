"""Files that Blender's compositor must read: passes and DPX."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from propagate.arrays import Floats
from stylize.interchange.passes import FrameData, parts_of, sequences_of, write_parts
from stylize.media.images import write_image
from tests.interchange.blender import BLENDER, compositor_outputs
from tests.interchange.test_passes import SIZE, frame_data

ONE_VALUE = ("matte", "error", "confidence", "mix", "key", "occlusion_forward", "occlusion_backward", "depth")
# Code values of SMPTE ST 268-1, table 5A.
UNSPECIFIED_VIDEO, REC709 = 4, 6


def passes_of_a_frame() -> FrameData:
    """Return passes with motion both ways, and with depth."""
    back = np.random.default_rng(2).normal(0, 5, (*SIZE, 2)).astype(np.float32)
    hidden = np.random.default_rng(3).random(SIZE) > 0.25
    return replace(
        frame_data(), backward=back, visible_previous=hidden, depth=np.full(SIZE, 7.25, np.float32)
    )  # fmt: skip


def write_ramp(path: Path) -> Floats:
    """Write a DPX of grey 0 to 1, and return the display-encoded values of its columns."""
    ramp = np.linspace(0, 1, 16, dtype=np.float32)
    write_image(path, np.tile(np.round(ramp * 65535).astype(np.uint16)[None, :, None], (8, 1, 3)))
    return ramp


def linear(encoded: Floats) -> Floats:
    """Return linear light by the curve of sRGB (IEC 61966-2-1)."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def read(path: Path) -> Floats:
    return np.asarray(OpenImageIO.ImageBuf(str(path)).get_pixels("float"))


def test_names_of_channels_keep_to_the_rules_of_blender(tmp_path: Path) -> None:
    """Blender 3.4, found by trying: what follows a channel's last dot must be one letter, or the channel is skipped.

    If all channels of a part are skipped, reading stops there, and later parts are missing too. The text before the dot
    is the name of the pass. Passes of 1, 3 or 4 channels have values; those of 2 are outputs without values, so motion
    is also written as Blender writes it itself, with four channels.
    """
    write_parts(tmp_path / "p.exr", parts_of(passes_of_a_frame()))
    source = OpenImageIO.ImageInput.open(str(tmp_path / "p.exr"))
    passes: dict[str, set[str]] = {}
    part = 0
    while source.seek_subimage(part, 0):
        for name in source.spec().channelnames:
            layer, _, channel = name.rpartition(".")
            assert len(channel) == 1, name
            assert layer, name
            passes.setdefault(layer, set()).add(channel)
        part += 1
    assert {name for name, channels in passes.items() if len(channels) == 1} == set(ONE_VALUE)
    assert passes["Vector"] == set("XYZW")
    assert passes["forward"] == passes["backward"] == set("uv")  # Nuke's names
    assert part == 8


def test_motion_in_blenders_order_is_that_of_nuke(tmp_path: Path) -> None:
    """X and Y point to the previous frame, Z and W from the next one; measured with Cycles and a moving plane."""
    part = parts_of(passes_of_a_frame())["motion"]
    values = {name: part.values[..., place] for place, name in enumerate(part.channels)}
    for blender, nuke, sign in (
        ("X", "backward.u", 1), ("Y", "backward.v", 1), ("Z", "forward.u", -1), ("W", "forward.v", -1)
    ):  # fmt: skip
        np.testing.assert_array_equal(values[f"Vector.{blender}"], sign * values[nuke])
        assert values[nuke].any()


def test_dpx_declares_a_transfer_that_blender_opens(tmp_path: Path) -> None:
    """Blender 3.4, found by trying all values of byte 801: 0 to 4 open, 5 and above are an "unknown file-format".

    1 is read as logarithmic, and 4 (unspecified video) as display-encoded, which is what the file holds.
    """
    write_ramp(tmp_path / "a.dpx")
    header = (tmp_path / "a.dpx").read_bytes()[:1024]
    assert header[801] == UNSPECIFIED_VIDEO
    assert header[802] == REC709  # primaries


@pytest.mark.slow
@pytest.mark.skipif(BLENDER is None, reason="blender is not installed")
def test_blender_shows_every_pass_and_every_picture(tmp_path: Path) -> None:
    data = passes_of_a_frame()
    parts, sequences = parts_of(data), sequences_of(data)
    whole, plain = tmp_path / "p.exr", tmp_path / "a.dpx"
    write_parts(whole, parts)
    singles = {name: tmp_path / f"{name}.exr" for name in sequences}
    for name, path in singles.items():
        write_parts(path, {name: sequences[name]})
    ramp = write_ramp(plain)
    found, text = compositor_outputs([whole, plain, *singles.values()], tmp_path / "judged")
    assert "unknown" not in text
    values = found[whole]["values"]
    assert set(values) == {*ONE_VALUE, "Vector"}
    occlusion = dict(zip(parts["occlusion"].channels, np.moveaxis(parts["occlusion"].values, 2, 0), strict=True))
    for name in ONE_VALUE:
        expected = occlusion[f"{name}.Y"] if name.startswith("occlusion") else parts[name].values[..., 0]
        np.testing.assert_allclose(read(values[name])[..., 0], expected, atol=5e-4)
        output = "Depth" if name == "depth" else "Image"
        np.testing.assert_allclose(read(found[singles[name]]["values"][output])[..., 0], expected, atol=5e-4)
    for path in (whole, singles["motion"]):
        np.testing.assert_array_equal(read(found[path]["values"]["Vector"]), parts["motion"].values[..., 4:])
    np.testing.assert_allclose(read(found[plain]["values"]["Image"])[0, :, 0], linear(ramp), atol=2e-3)
