"""Files that accompany a result, from the whole run."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO
import pytest

import stylize
from propagate.arrays import Floats
from stylize.errors import GuideError, OutputError, RendererError, SettingsError
from stylize.interchange.passes import SEQUENCES
from stylize.media.images import image_info, read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import write_movie
from tests.sliding import folder_of, scene

ALL = ("otio", "xml", "fcpxml", "edl", "aftereffects", "nuke", "ebsynth", "passes")


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    return write_movie(tmp_path / "shot.mov", scene(8))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "painted").mkdir()
    for frame in (1, 8):
        write_image(tmp_path / f"painted/{frame:04d}.png", 255 - scene(8)[frame - 1])
    return tmp_path / "painted"


@pytest.mark.slow
def test_exports_are_written_next_to_the_movie(movie: Path, keys: Path, tmp_path: Path) -> None:
    matte = np.zeros((*scene(1)[0].shape[:2], 3), np.uint8)
    matte[:, : matte.shape[1] // 2] = 255
    write_image(tmp_path / "m.png", matte)
    target = tmp_path / "Größe 1/out.mov"
    result = stylize.run(movie, keys=keys, matte=tmp_path / "m.png", output=str(target), export=ALL)
    names = {path.name for path in target.parent.iterdir()}
    assert names == {
        "out.mov", "shot.otio", "shot.xml", "shot.fcpxml", "shot.edl", "shot_plate.edl", "shot.jsx", "shot.nk",
        "shot_ebsynth", "shot_passes", "shot_matte",
    }  # fmt: skip
    assert {path.name for path in result.outputs} == names | {"contact_sheet.png"}
    assert len(list((target.parent / "shot_passes").iterdir())) == 8
    ebs = target.parent / "shot_ebsynth"
    assert {path.name for path in ebs.iterdir()} == {"video", "keys", "mask", "shot.ebs"}
    assert [path.name for path in sorted((ebs / "keys").iterdir())] == ["0001.png", "0008.png"]
    np.testing.assert_array_equal(read_image(ebs / "mask/0003.png"), matte)
    np.testing.assert_array_equal(read_image(ebs / "keys/0008.png"), read_image(keys / "0008.png"))
    # The folder opens as a shot of our own, and gives the same result.
    again = stylize.run(ebs, project=tmp_path / "again.stylize")
    assert open_shot(ebs / "video").frames == tuple(again.frames) == tuple(range(1, 9))
    assert again.painted == (1, 8)
    for frame, path in again.frames.items():
        np.testing.assert_array_equal(read_image(path), read_image(result.frames[frame]))
    assert stylize.run(ebs).project == ebs.with_name("shot_ebsynth.stylize")


def passes_of(path: Path, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    source = OpenImageIO.ImageInput.open(str(path))
    part = 0
    while source.seek_subimage(part, 0):
        names = list(source.spec().channelnames)
        if name in names:
            values = source.read_image(part, 0, 0, len(names), "float")
            source.close()
            return np.asarray(values[..., names.index(name)])
        part += 1
    raise AssertionError(name)


@pytest.mark.slow
def test_passes_record_keys_blend_error_and_motion(movie: Path, keys: Path, tmp_path: Path) -> None:
    stylize.run(movie, keys=keys, output=f"{tmp_path}/out/", export="passes")
    folder = tmp_path / "out/shot_passes"
    assert (passes_of(folder / "shot_passes.0001.exr", "key.Y") == 1).all()
    assert (passes_of(folder / "shot_passes.0008.exr", "key.Y") == 8).all()
    assert not passes_of(folder / "shot_passes.0008.exr", "error.Y").any()
    shares = [passes_of(folder / f"shot_passes.{frame:04d}.exr", "mix.Y").mean() for frame in range(1, 8)]
    assert shares[0] == 0
    assert shares[1] < shares[5]  # the closer to the right key, the larger its share
    assert set(np.unique(passes_of(folder / "shot_passes.0004.exr", "key.Y"))) <= {1, 8}
    assert (passes_of(folder / "shot_passes.0004.exr", "matte.A") == 1).all()
    there = passes_of(folder / "shot_passes.0004.exr", "forward.u")
    back = passes_of(folder / "shot_passes.0005.exr", "backward.u")
    assert there.any()
    assert abs(np.median(there) + np.median(back)) < 0.5
    assert not passes_of(folder / "shot_passes.0008.exr", "forward.u").any()


@pytest.mark.slow
def test_only_passes_of_changed_frames_are_rewritten(
    movie: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stylize.interchange import passes

    written: list[str] = []
    write_parts = passes.write_parts

    def note(path: Path, *more: Any) -> None:
        written.append(path.name)
        write_parts(path, *more)

    monkeypatch.setattr(passes, "write_parts", note)
    output = f"{tmp_path}/out/"
    stylize.run(movie, keys=keys, output=output, export="passes")
    assert len(written) == 8
    written.clear()
    before = (tmp_path / "out/shot_passes/shot_passes.0003.exr").read_bytes()
    stylize.run(movie, keys=keys, output=output, export="passes")
    assert written == []
    (tmp_path / "out/shot_passes/shot_passes.0003.exr").unlink()
    stylize.run(movie, keys=keys, output=output, export="passes")
    assert written == ["shot_passes.0003.exr"]
    assert (tmp_path / "out/shot_passes/shot_passes.0003.exr").read_bytes() == before
    # A new matte moves no pixel of the plate, but is another pass.
    written.clear()
    write_image(tmp_path / "m.png", np.full((*scene(1)[0].shape[:2], 3), 128, np.uint8))
    stylize.run(movie, keys=keys, output=output, export="passes", matte=tmp_path / "m.png")
    assert len(written) == 8
    assert np.allclose(passes_of(tmp_path / "out/shot_passes/shot_passes.0003.exr", "matte.A"), 128 / 255, atol=1e-3)


@pytest.mark.slow
def test_passes_as_sequences_are_readable_by_nuke_and_stylize(movie: Path, keys: Path, tmp_path: Path) -> None:
    asked = {"keys": keys, "output": f"{tmp_path}/out/", "export": "passes,nuke"}
    stylize.run(movie, **asked)
    stylize.run(movie, **asked, passes_as="sequences")
    folder, whole = tmp_path / "out/shot_passes", tmp_path / "out/shot_passes/shot_passes.0004.exr"
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    assert names == {*SEQUENCES}
    for name in names - {"motion"}:
        files = sorted((folder / name).iterdir())
        assert [path.name for path in files] == [f"shot_{name}.{frame:04d}.exr" for frame in range(1, 9)]
        layer = "matte.A" if name == "matte" else f"{name}.Y"
        expected = passes_of(whole, layer)
        np.testing.assert_array_equal(passes_of(folder / name / f"shot_{name}.0004.exr", "Y"), expected)
    script = (tmp_path / "out/shot.nk").read_text()
    for name in names:
        assert f"{folder.as_posix()}/{name}/shot_{name}.%04d.exr" in script
    # Exported motion works as vectors of a rendered shot.
    again = stylize.run(
        movie, keys=keys, vectors=folder / "motion", project=tmp_path / "v.stylize", to_stage="propagate"
    )
    assert len(again.frames) == 8


@pytest.mark.slow
def test_given_depth_is_one_of_the_passes(movie: Path, keys: Path, tmp_path: Path) -> None:
    height, width = scene(1)[0].shape[:2]
    spec = OpenImageIO.ImageSpec(width, height, 2, "float")
    spec.channelnames = ("A", "depth.Z")
    (tmp_path / "depth").mkdir()
    for frame in range(1, 9):
        file = OpenImageIO.ImageOutput.create("openexr")
        assert file.open(str(tmp_path / f"depth/d.{frame:04d}.exr"), spec)
        file.write_image(np.dstack([np.zeros((height, width)), np.full((height, width), 1000 + frame)]).astype("f4"))
        file.close()
    asked = {"keys": keys, "output": f"{tmp_path}/out/", "export": "passes"}
    stylize.run(movie, **asked, depth=tmp_path / "depth/d.####.exr")
    assert (passes_of(tmp_path / "out/shot_passes/shot_passes.0004.exr", "depth.Z") == 1004).all()
    # A movie of integers with the same number of frames counts from 0 to 1.
    grey = write_movie(tmp_path / "depth.mov", [np.full_like(scene(1)[0], 51 * (n % 5)) for n in range(8)])
    stylize.run(movie, **asked, depth=grey, passes_as="sequences")
    found = passes_of(tmp_path / "out/shot_passes/depth/shot_depth.0002.exr", "Z")
    np.testing.assert_allclose(found, 51 / 255, atol=0.01)
    assert not passes_of(tmp_path / "out/shot_passes/depth/shot_depth.0001.exr", "Z").any()


def test_unavailable_depth_is_refused_before_any_work(
    movie: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"keys": keys, "output": f"{tmp_path}/out/"}
    with pytest.raises(SettingsError, match="--depth needs --export passes"):
        stylize.run(movie, **asked, depth="auto")
    with pytest.raises(SettingsError, match="--passes-as needs --export passes"):
        stylize.run(movie, **asked, passes_as="sequences")
    with pytest.raises(GuideError, match=r"depth .*gone: no such file"):
        stylize.run(movie, **asked, export="passes", depth=tmp_path / "gone")
    write_image(tmp_path / "small.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(GuideError, match=r"depth .*small\.png: expected .* found 4x4"):
        stylize.run(movie, **asked, export="passes", depth=tmp_path / "small.png")
    monkeypatch.setattr("stylize.renderers.diffusion.networks.find_spec", lambda name: None)
    with pytest.raises(RendererError, match=r"depth pictures need .* pip install '\.\[annotators\]'.*--depth PATH"):
        stylize.run(movie, **asked, export="passes", depth="auto")
    monkeypatch.setattr("stylize.renderers.diffusion.networks.find_spec", lambda name: object())
    with pytest.raises(RendererError, match=r"has no dpt_hybrid-midas-501f0c75\.pt for depth.*--depth PATH"):
        stylize.run(movie, **asked, export="passes", depth="auto", annotators=str(tmp_path))
    assert not list((tmp_path / "shot.stylize/out").iterdir())


@pytest.mark.slow
def test_depth_auto_uses_the_annotator(
    movie: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(kind: str, folder: Path, device: str) -> str:
        loaded.append(f"{kind} {folder.name} {device}")
        return "network"

    def nearness(network: str, plate: Floats) -> Floats:
        assert network == "network"
        return np.ascontiguousarray(plate[..., 0] * np.float32(40))

    networks = "stylize.renderers.diffusion.networks"
    monkeypatch.setattr(f"{networks}.find_spec", lambda name: object())
    monkeypatch.setattr(f"{networks}.load_annotator", load)
    monkeypatch.setattr(f"{networks}.depth_of", nearness)
    monkeypatch.setattr("stylize.renderers.diffusion.loading.choose_device", lambda *_: ("cpu", "float32"))
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets/dpt_hybrid-midas-501f0c75.pt").write_bytes(b"weights")
    asked: dict[str, Any] = {"keys": keys, "output": f"{tmp_path}/out/", "export": "passes", "depth": "auto"}
    for _ in range(2):  # the second time all frames exist: nothing is loaded
        made = stylize.run(movie, **asked, annotators=str(tmp_path / "nets"))
    assert loaded == ["depth nets cpu"]
    plate = read_image(made.project / "video/shot.0003.png")
    found = passes_of(tmp_path / "out/shot_passes/shot_passes.0003.exr", "depth.Z")
    np.testing.assert_allclose(found, plate[..., 0] / 255 * 40, rtol=1e-5)


def test_impossible_exports_are_refused_before_any_work(movie: Path, keys: Path, tmp_path: Path) -> None:
    made = tmp_path / "shot.stylize/out"
    with pytest.raises(SettingsError, match="--handles applies to timelines"):
        stylize.run(movie, keys=keys, handles=2)
    with pytest.raises(SettingsError, match="--handles 4 leaves none"):
        stylize.run(movie, keys=keys, handles=4, export="otio")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/shot.nk").write_text("precious")
    with pytest.raises(OutputError, match=r"shot\.nk already exists.*--overwrite"):
        stylize.run(movie, keys=keys, output=f"{tmp_path}/out/o.mov", export="otio,nuke")
    assert (tmp_path / "out/shot.nk").read_text() == "precious"
    assert not list(made.iterdir())
    with pytest.raises(SettingsError, match="--export must be some of otio, xml"):
        stylize.run(movie, keys=keys, export="avid")


@pytest.mark.slow
def test_second_export_replaces_its_own_files_only(movie: Path, keys: Path, tmp_path: Path) -> None:
    output = f"{tmp_path}/out/o.mov"
    stylize.run(movie, keys=keys, output=output, export=("nuke", "ebsynth"))
    before = (tmp_path / "out/shot.nk").read_bytes()
    stylize.run(movie, keys=keys, output=output, export=("nuke", "ebsynth"))
    assert (tmp_path / "out/shot.nk").read_bytes() == before
    write_image(tmp_path / "out/shot_ebsynth/keys/0008.png", scene(3)[2])
    with pytest.raises(OutputError, match=r"0008\.png is no longer what an earlier run wrote there"):
        stylize.run(movie, keys=keys, output=output, export=("nuke", "ebsynth"))


@pytest.mark.slow
def test_movies_replace_pictures_for_timelines_that_need_movies(keys: Path, tmp_path: Path) -> None:
    plates = folder_of(tmp_path / "plates", scene(8))
    asked = {"keys": keys, "output": f"{tmp_path}/out/", "export": "xml,fcpxml", "rate": "23.976"}
    made = stylize.run(plates, **asked)
    for kind, name in (("plate", "plate_plate.mov"), ("result", "plate_stylized.mov")):
        note = f"xml and fcpxml can link only movies, but the {kind} is a picture sequence: {name} (ProRes 4444)"
        assert f"{note} is written and linked instead" in made.notes
        movie = open_shot(tmp_path / "out" / name)
        assert (len(movie.frames), movie.rate) == (8, Fraction(24000, 1001))
        files = open_shot(plates).files if kind == "plate" else list(made.frames.values())
        for (_, found), path in zip(read_frames(movie), files, strict=True):
            assert np.abs(found / 257.0 - read_image(path)).mean() < 3
        for suffix in (".xml", ".fcpxml"):
            assert (tmp_path / "out" / name).as_uri().removeprefix("file://") in (
                tmp_path / f"out/plate{suffix}"
            ).read_text()
    before = (tmp_path / "out/plate_plate.mov").stat().st_mtime_ns
    stylize.run(plates, **asked)
    assert (tmp_path / "out/plate_plate.mov").stat().st_mtime_ns == before
    with pytest.raises(SettingsError, match=r"plate_plate\.mov is also a file that --export writes"):
        stylize.run(plates, keys=keys, output=f"{tmp_path}/out/plate_plate.mov", export="xml", overwrite=True)


@pytest.mark.slow
def test_pictures_have_the_requested_rate(tmp_path: Path, keys: Path) -> None:
    plates = folder_of(tmp_path / "plates", scene(8))
    output = f"{tmp_path}/out/"
    stylize.run(plates, keys=keys, output=output, export="otio,nuke", fps="23.976")
    assert f'"rate": {24000 / 1001}' in (tmp_path / "out/plate.otio").read_text()
    assert "fps 23.976024" in (tmp_path / "out/plate.nk").read_text()
    assert image_info(tmp_path / "out/plate.0001.png").header.rate == Fraction(24000, 1001)


@pytest.fixture
def black_matte(tmp_path: Path) -> Path:
    write_image(tmp_path / "black.png", np.zeros((*scene(1)[0].shape[:2], 3), np.uint8))
    return tmp_path / "black.png"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("painted", [False, True])
def test_shot_with_a_black_matte_is_exported_without_keys(
    movie: Path, keys: Path, black_matte: Path, tmp_path: Path, kind: str, painted: bool
) -> None:
    look = {"keys": keys} if painted else {"style": keys / "0001.png"}
    target = tmp_path / "out/o.mov"
    result = stylize.run(movie, matte=black_matte, output=str(target), export=kind, **look)
    assert [shot.keyframes for shot in result.shots] == [()]
    more = [path for path in result.outputs if path != target and path.name != "contact_sheet.png"]
    assert more
    for path in more:
        if path.is_file():
            assert not any(marker in path.read_text() for marker in ("Marker.2", "<marker", "* LOC:", '"frame":'))
    if kind == "ebsynth":
        folder = tmp_path / "out/shot_ebsynth"
        assert len(list((folder / "video").iterdir())) == len(list((folder / "mask").iterdir())) == 8
        assert (folder / "keys").is_dir()
        assert b"out-" not in (folder / "shot.ebs").read_bytes()


@pytest.mark.slow
def test_passes_without_keys_have_key_minus_one(movie: Path, keys: Path, black_matte: Path, tmp_path: Path) -> None:
    stylize.run(movie, matte=black_matte, keys=keys, output=f"{tmp_path}/out/", export="passes")
    for frame in range(1, 9):
        path = tmp_path / f"out/shot_passes/shot_passes.{frame:04d}.exr"
        assert (passes_of(path, "key.Y") == -1).all()
        for name in ("mix.Y", "matte.A", "error.Y"):
            assert not passes_of(path, name).any()
    assert passes_of(tmp_path / "out/shot_passes/shot_passes.0004.exr", "forward.u").any()
