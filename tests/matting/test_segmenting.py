"""Mattes from segmentation networks."""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

import stylize
from masks.segment_onnx import OnnxSegmenter
from stylize import stages
from stylize.errors import MatteError
from stylize.matting.matte_pipeline import make_mattes
from stylize.matting.networks import Segmentation
from stylize.media.images import read_image, read_values, write_image
from stylize.settings import MatteSettings
from tests.networks import red_class, red_finder, red_finder_with_external_weights, red_recurrent

SIZE = (96, 64)


def scene(count=5):
    """A textured red disc on blue that moves to the right."""
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]]
    grain = np.random.default_rng(0).integers(0, 40, (SIZE[1], SIZE[0], 1))
    found = []
    for n in range(count):
        disc = ((xs - 35 - 2 * n) ** 2 + (ys - 32) ** 2 < 18**2)[..., None]
        colour = np.where(disc, np.array([200, 40, 30]), np.array([30, 60, 190])) + grain
        found.append((np.clip(colour, 0, 255).astype(np.uint8), disc[..., 0]))
    return found


@pytest.fixture
def plates(tmp_path):
    (tmp_path / "plates").mkdir()
    for number, (pixels, _) in enumerate(scene(), 1):
        write_image(tmp_path / "plates" / f"p.{number:04d}.png", pixels)
    return tmp_path / "plates"


@pytest.fixture
def model(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "net.onnx").write_bytes(red_finder(64))
    return tmp_path / "net.onnx"


def test_subject_is_found_and_mattes_are_reused(tmp_path, plates, model):
    asked = MatteSettings(matte_model=model, output=f"{tmp_path}/m/")
    made = make_mattes(plates, asked)
    for frame, path in made.frames.items():
        inside = read_values(path)[..., 0] > 0.5
        truth = scene()[frame - 1][1]
        assert (inside & truth).sum() / (inside | truth).sum() > 0.9
    assert made.redone == (1, 2, 3, 4, 5)
    assert make_mattes(plates, asked).redone == ()
    model.write_bytes(red_finder(32))
    assert make_mattes(plates, asked).redone == (1, 2, 3, 4, 5)


def test_scratch_files_are_removed_and_progress_is_reported(tmp_path, plates, model):
    steps = []
    made = stylize.make_mattes(
        plates, matte_model=model, output=f"{tmp_path}/m/", on_progress=lambda *step: steps.append(step)
    )
    assert [step for step in steps if step[0] == "find"] == [("find", n, 5) for n in range(1, 6)]
    assert [step for step in steps if step[0] == "matte"] == [("matte", n, 5) for n in range(1, 6)]
    assert not list(tmp_path.rglob(".*found-*"))
    first = {frame: path.read_bytes() for frame, path in made.frames.items()}
    made.frames[3].unlink()
    again = make_mattes(plates, MatteSettings(matte_model=model, output=f"{tmp_path}/m/", threads=1))
    assert {frame: path.read_bytes() for frame, path in again.frames.items()} == first


class Painted:
    """A network that returns given mattes, in a given order."""

    prompted, produces_mattes = False, True

    def __init__(self, order):
        self.order = order

    def __call__(self, frames, plate, prompts=()):
        for frame in self.order:
            yield frame, scene()[frame - 1][1].astype(np.float32)

    def cache_key(self):
        return "painted"


@pytest.mark.parametrize(
    ("order", "found"), [((1, 2, 3, 4, 5), []), ((3, 4, 5, 2, 1), [("find", n, 5) for n in range(1, 5)])]
)
def test_overlapping_segmentation_and_writing_share_one_progress_bar(tmp_path, plates, monkeypatch, order, found):
    monkeypatch.setattr(
        stylize.matting.matte_pipeline, "open_segmentation", lambda *asked: Segmentation(Painted(order), "segment_onnx")
    )
    steps = []
    stylize.make_mattes(
        plates, matte_model="any", output=f"{tmp_path}/m/", on_progress=lambda *step: steps.append(step)
    )
    assert steps == [*found, *(("matte", n, 5) for n in range(1, 6))]


class Guessed(Painted):
    """A network whose output is a probability of the subject."""

    produces_mattes = False


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "again"), [(Guessed, (1, 2, 3, 4, 5)), (Painted, ())])
def test_changed_cuts_regenerate_mattes_with_shot_consensus(tmp_path, plates, monkeypatch, kind, again):
    finder = Segmentation(kind((1, 2, 3, 4, 5)), "segment_onnx")
    monkeypatch.setattr(stylize.matting.matte_pipeline, "open_segmentation", lambda *asked: finder)
    asked = MatteSettings(matte_model="any", output=f"{tmp_path}/m/")
    make_mattes(plates, asked)
    with monkeypatch.context() as patched:
        patched.setattr(stages, "STAGES", {**stages.STAGES, "cuts": replace(stages.STAGES["cuts"], version=99)})
        stages._versions_hash.cache_clear()
        redone = make_mattes(plates, asked).redone
    stages._versions_hash.cache_clear()
    assert redone == again


def test_missed_subject_is_recovered_from_other_frames(tmp_path, model):
    """In one frame of nine the subject is slightly bluer, and the network that finds red rates it as background."""
    (tmp_path / "plates").mkdir()
    frames = scene(9)
    for number, (pixels, disc) in enumerate(frames, 1):
        subject = np.array([105, 60, 97] if number == 5 else [120, 60, 90], np.uint8) + pixels % 8
        write_image(tmp_path / "plates" / f"p.{number:04d}.png", np.where(disc[..., None], subject, pixels))
    segmenter = OnnxSegmenter(model, "")
    ((_, alone),) = segmenter([5], lambda n: read_image(tmp_path / "plates" / "p.0005.png"))
    truth = frames[4][1]
    assert (alone[truth] < 0.5).mean() > 0.8
    made = make_mattes(tmp_path / "plates", MatteSettings(matte_model=model, output=f"{tmp_path}/m/"))
    inside = read_values(made.frames[5])[..., 0] > 0.5
    assert (inside & truth).sum() / (inside | truth).sum() > 0.9


def test_network_that_gives_mattes_keeps_soft_borders(tmp_path, plates, model):
    model.write_bytes(red_recurrent())
    made = make_mattes(plates, MatteSettings(matte_model=model, output=f"{tmp_path}/m/"))
    inside = read_values(made.frames[3])[..., 0] > 0.5
    truth = scene()[2][1]
    assert (inside & truth).sum() / (inside | truth).sum() > 0.9


def test_run_stylises_only_the_segmented_subject(tmp_path, plates, model):
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1.png", np.full((SIZE[1], SIZE[0], 3), 255, np.uint8))
    asked = {"keys": tmp_path / "keys", "matte": "auto", "matte_model": model, "to_stage": "propagate"}
    made = stylize.run(plates, **asked)
    for frame, path in made.frames.items():
        pixels, truth = scene()[frame - 1]
        changed = (read_image(path) != pixels).any(axis=2)
        assert changed[truth].mean() > 0.9
        assert changed[~truth].mean() < 0.1
        matte = read_values(made.project / "mask" / "auto" / f"p.{frame:04d}.png")[..., 0]
        assert not changed[matte == 0].any()
        assert (matte == 0).mean() > 0.5
    assert stylize.run(plates, **asked).redone == ()


def test_invalid_network_is_reported_with_a_download_command(tmp_path, plates, model):
    def make(path):
        return make_mattes(plates, MatteSettings(matte_model=path, output=f"{tmp_path}/m/"))

    with pytest.raises(MatteError, match=r"none\.onnx: no such file; use any salient-object.*u2netp\.onnx"):
        make(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    with pytest.raises(MatteError, match=r"^--matte-model [^\n]*not an ONNX network[^\n]*u2netp\.onnx[^\n]*$"):
        make(tmp_path / "bad.onnx")
    (tmp_path / "four.onnx").write_bytes(red_finder(channels=4))
    with pytest.raises(MatteError, match=r"takes one picture, \(1, 3, h, w\) or .*, found \(float\) \[1, 4, 32, 32\]"):
        make(tmp_path / "four.onnx")


def test_external_weights_are_part_of_a_network(tmp_path, plates, model):
    asked = MatteSettings(matte_model=model, output=f"{tmp_path}/m/")
    network, weights = red_finder_with_external_weights("net.onnx_data")
    model.write_bytes(network)
    with pytest.raises(
        MatteError, match=r"^--matte-model [^\n]*net\.onnx: the file is not an ONNX network[^\n]*net\.onnx_data"
    ):
        make_mattes(plates, asked)
    (tmp_path / "net.onnx_data").write_bytes(weights)
    made = make_mattes(plates, asked)
    assert read_values(made.frames[1])[32, 35, 0] > 0.9
    (tmp_path / "unrelated").write_bytes(weights)
    assert make_mattes(plates, asked).redone == ()
    (tmp_path / "net.onnx_data").write_bytes(bytes(len(weights)))
    assert make_mattes(plates, asked).redone == (1, 2, 3, 4, 5)


def test_find_person_needs_a_network_for_people(tmp_path, plates, model):
    def make(find):
        return make_mattes(plates, MatteSettings(matte_model=model, find=find, output=f"{tmp_path}/m/"))

    with pytest.raises(
        MatteError,
        match=r"net\.onnx: this network is not known to find people: .*; use a network that .*u2net_human_seg\.onnx",
    ):
        make("person")
    assert make("subject").redone == (1, 2, 3, 4, 5)
    model.write_bytes(red_class(21, 15))
    with pytest.raises(MatteError, match="this network finds people, not any subject"):
        make("subject")
    made = make("person")
    assert read_values(made.frames[1])[32, 35, 0] > 0.9
    # The request does not change the mattes.
    assert make(None).redone == ()


def test_missing_library_is_reported_with_its_install_command(tmp_path, plates, monkeypatch):
    (tmp_path / "net.onnx").write_bytes(red_finder())
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MatteError, match=r"pip install '\.\[auto\]'"):
        make_mattes(plates, MatteSettings(matte_model=tmp_path / "net.onnx", output=f"{tmp_path}/m/"))


def test_layers_share_mattes_of_the_same_network(tmp_path, plates, model):
    for name, value in (("dark", 30), ("bright", 220)):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "1.png", np.full((SIZE[1], SIZE[0], 3), value, np.uint8))
    layers = [
        {"matte": "auto:invert", "matte_model": model, "keys": tmp_path / "dark"},
        {"matte": "auto", "matte_model": model, "keys": tmp_path / "bright"},
    ]
    result = stylize.run(plates, layers=layers)
    found = [path for path in (result.project / "mask").iterdir() if path.name != "layers"]
    assert len(found) == 1
    for number, path in result.frames.items():
        made, truth = read_image(path)[..., 0], scene()[number - 1][1]
        assert (made[truth] > 200).mean() > 0.9
        assert (made[~truth] < 50).mean() > 0.9
    other = tmp_path / "other.onnx"
    other.write_bytes(red_finder(32))
    layers[1]["matte_model"] = other
    stylize.run(plates, layers=layers)
    assert len([path for path in (result.project / "mask").iterdir() if path.name != "layers"]) == 2
    assert stylize.run(plates, layers=layers).redone == ()


def test_edited_matte_is_kept_and_used(tmp_path, plates, model):
    folder = tmp_path / "keys"
    folder.mkdir()
    write_image(folder / "1.png", np.full((SIZE[1], SIZE[0], 3), 200, np.uint8))
    asked = {"keys": folder, "matte": "auto", "matte_model": model}
    project = stylize.run(plates, **asked).project
    mine, messages = project / "mask/auto/p.0003.png", []
    write_image(mine, np.zeros(SIZE[::-1], np.uint16))
    made = mine.read_bytes()
    model.write_bytes(red_finder(32))
    result = stylize.run(plates, **asked, on_message=messages.append)
    assert mine.read_bytes() == made
    np.testing.assert_array_equal(read_image(result.frames[3]), scene()[2][0])
    assert [
        text for text in messages if text.startswith(f"3 in {mine.parent}: changed by hand and used unchanged; del")
    ]


@pytest.mark.slow
def test_mattes_follow_plates_to_other_numbers(tmp_path, plates, model):
    (tmp_path / "ref.png").write_bytes((plates / "p.0001.png").read_bytes())
    given = {"style": tmp_path / "ref.png", "matte": "auto", "matte_model": model, "max_keyframes": 1}
    old = stylize.run(plates, to_stage="render", **given)
    before = {path.name: path.read_bytes() for path in (old.project / "mask/auto").glob("*.png")}
    renumbered = tmp_path / "v2"
    renumbered.mkdir()
    for number in range(1, 6):
        shutil.copyfile(plates / f"p.{number:04d}.png", renumbered / f"p.{number + 2:04d}.png")
    made = []
    new = stylize.run(
        old.project, replace_shot=renumbered, to_stage="render",
        on_progress=lambda stage, done, total: made.append(done) if stage == "matte" else None,
    )  # fmt: skip
    assert made == [5]  # all are reused
    found = {path.name: path.read_bytes() for path in (new.project / "mask/auto").glob("*.png")}
    assert found == {f"p.{int(name[2:6]) + 2:04d}.png": bits for name, bits in before.items()}
    # In the same project, mattes of other frames that had these numbers are not mistaken for theirs.
    for shift in (3, 2):
        order = sorted(renumbered.iterdir(), reverse=shift == 3)
        for file, frame in zip(order, range(5, 0, -1) if shift == 3 else range(1, 6), strict=True):
            file.rename(renumbered / f"p.{frame + shift:04d}.png")
        again = stylize.run(new.project, to_stage="render")
        for name, bits in before.items():
            assert (again.project / f"mask/auto/p.{int(name[2:6]) + shift:04d}.png").read_bytes() == bits
