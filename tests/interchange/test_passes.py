"""Passes, read by OpenImageIO and by OpenEXR's own tool."""

import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from propagate.arrays import Floats
from stylize.errors import OutputError
from stylize.interchange.passes import DEPTH, SEQUENCES, FrameData, parts_of, sequences_of, write_parts
from stylize.media.images import Stamp
from stylize.motion.vectors import read_flow

SIZE = (24, 32)


def frame_data() -> FrameData:
    rng = np.random.default_rng(1)
    values = [rng.random(SIZE).astype(np.float32) for _ in range(3)]
    flow = rng.normal(0, 900, (*SIZE, 2)).astype(np.float32)
    return FrameData(*values, (1001, 3002), flow, None, rng.random(SIZE) > 0.5, None)


def read(path: Path, parts: int = 7) -> dict[str, Floats]:
    """Map each channel of each part by name."""
    source = OpenImageIO.ImageInput.open(str(path))
    found: dict[str, Floats] = {}
    part = 0
    while source.seek_subimage(part, 0):
        spec = source.spec()
        values = source.read_image(part, 0, 0, spec.nchannels, "float")
        found.update({name: values[..., place] for place, name in enumerate(spec.channelnames)})
        part += 1
    source.close()
    assert part == parts
    return found


def test_parts_read_back_under_their_names(tmp_path: Path) -> None:
    given = frame_data()
    write_parts(tmp_path / "p é.1001.exr", parts_of(given))
    found = read(tmp_path / "p é.1001.exr")
    for name, values in (("matte.A", given.matte), ("error.Y", given.error), ("mix.Y", given.mix)):
        np.testing.assert_allclose(found[name], values, atol=5e-4)
    np.testing.assert_allclose(found["confidence.Y"], 1 - given.error, atol=5e-4)
    np.testing.assert_array_equal(found["key.Y"], np.where(given.mix > 0.5, 3002, 1001))
    assert given.forward is not None
    assert given.visible_next is not None
    np.testing.assert_array_equal(found["forward.u"], given.forward[..., 0])
    np.testing.assert_array_equal(found["forward.v"], -given.forward[..., 1])  # up
    assert not found["backward.u"].any()
    np.testing.assert_array_equal(found["occlusion_forward.Y"], 1 - given.visible_next)
    assert not found["occlusion_backward.Y"].any()


def test_depth_is_an_additional_part_and_keeps_its_unit(tmp_path: Path) -> None:
    far = np.full(SIZE, 12345.678, np.float32)
    far[0, 0] = np.inf
    write_parts(tmp_path / "a.exr", parts_of(replace(frame_data(), depth=far)))
    np.testing.assert_array_equal(read(tmp_path / "a.exr", parts=8)["depth.Z"], far)


def test_each_pass_can_be_a_sequence_of_its_own(tmp_path: Path) -> None:
    given = replace(frame_data(), depth=np.full(SIZE, 7, np.float32))
    parts = sequences_of(given)
    assert set(parts) == {*SEQUENCES, DEPTH}
    whole = {name: part.values for name, part in parts_of(given).items()}
    for name, part in parts.items():
        write_parts(tmp_path / f"{name}.exr", {name: part})
        found = read(tmp_path / f"{name}.exr", parts=1)
        if name == "motion":
            assert set(found) == {
                *(f"{way}.{axis}" for way in ("forward", "backward") for axis in "uv"),
                *(f"Vector.{axis}" for axis in "XYZW"),
            }
            continue
        assert list(found) == ["Z" if name == DEPTH else "Y"]
        layer, _, way = name.partition("_")
        expected = whole[layer][..., 1 if way == "backward" else 0]
        np.testing.assert_allclose(next(iter(found.values())), expected, atol=5e-4)


def test_motion_reads_back_as_the_original_flow(tmp_path: Path) -> None:
    """--vectors reads Nuke's convention, so the pass is written in it."""
    given = replace(frame_data(), backward=frame_data().forward)
    write_parts(tmp_path / "motion.exr", {"motion": sequences_of(given)["motion"]})
    for way, flow in (("forward", given.forward), ("back", given.backward)):
        np.testing.assert_array_equal(read_flow(tmp_path / "motion.exr", way, SIZE[::-1]), flow)  # type: ignore[arg-type]


def test_passes_are_deterministic_and_leave_no_partial_file(tmp_path: Path) -> None:
    for name in "ab":
        write_parts(tmp_path / f"{name}.exr", parts_of(frame_data()))
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_parts(tmp_path / "file" / "a.exr", parts_of(frame_data()))


def test_full_disk_is_reported_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def open(self, path: str, *_: object) -> bool:
            Path(path).write_bytes(b"half")
            return False

        def close(self) -> bool:
            return True

        def geterror(self) -> str:
            return "File output failed"

    monkeypatch.setattr(OpenImageIO.ImageOutput, "create", lambda kind: Full())
    with pytest.raises(OutputError, match="File output failed"):
        write_parts(tmp_path / "a.exr", parts_of(frame_data()))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(1 << 30, 1 << 30, 0))  # type: ignore
    with pytest.raises(OutputError, match=r"a\.exr cannot be written: the disk is full"):
        write_parts(tmp_path / "a.exr", parts_of(frame_data()))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("exrheader") is None, reason="exrheader is not installed")
def test_exrheader_finds_the_parts(tmp_path: Path) -> None:
    stamp = Stamp(1001, Fraction(30000, 1001), "00:59:59;27", Fraction(16, 15))
    write_parts(tmp_path / "a.exr", parts_of(frame_data()), stamp)
    text = subprocess.run(["exrheader", str(tmp_path / "a.exr")], capture_output=True, check=True, text=True).stdout
    for part in ("matte", "error", "confidence", "mix", "key", "motion", "occlusion"):
        assert f'name (type string): "{part}"' in text
    assert "time 00:59:59:27" in text
    assert "30000/1001" in text
