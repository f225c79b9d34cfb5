"""Mattes that are painted on the page: paint keeps what it does not cover, and propagation makes the other frames."""

import numpy as np
import pytest

pytest.importorskip("starlette")

from stylize.errors import FrameRangeError, MatteError, ReviewError, SettingsError
from stylize.matting.networks import Segmentation
from stylize.media.images import read_values, write_image
from stylize.review.matte_actions import (
    clicks_by_frame,
    find_clicked,
    finding,
    finding_command,
    matte_command,
    model_problem,
    propagate_mattes,
    propagation_command,
    store_clicks,
    use_mattes,
)  # fmt: skip
from stylize.review.matte_state import matte_state, suggestions
from stylize.review.painted_mattes import drop_matte, editable_matte, paint_matte, painted_frames
from stylize.review.prepare import prepare_project
from stylize.review.shown_project import show_project
from tests.clips import write_movie
from tests.sliding import folder_of
from tests.synthetic import texture

SIZE = (64, 48)


@pytest.fixture
def project(tmp_path):
    pictures = [np.ascontiguousarray(texture(3, (80, 48))[:, n : n + 64]) for n in range(4)]
    plates = folder_of(tmp_path / "shot", pictures)
    return show_project(prepare_project(plates, {}, lambda event: None), print)


def paint(tmp_path, value, rows, alpha=65535):
    """A file of paint of one grey value, in some rows."""
    pixels = np.zeros((*SIZE[::-1], 4), np.uint16)
    pixels[rows] = (value, value, value, alpha)
    write_image(tmp_path / "paint.png", pixels)
    return tmp_path / "paint.png"


def again(project):
    """The project as the page opens it after its settings have changed."""
    return show_project(project.root, print)


def test_paint_keeps_other_pixels_bit_for_bit(project, tmp_path):
    part = project.part("")
    assert editable_matte(project, part, 2) is None
    own = np.random.default_rng(1).integers(0, 65536, SIZE[::-1], np.uint16)
    (project.root / "mattes" / "painted").mkdir(parents=True)
    write_image(project.root / "mattes" / "painted" / "plate.0002.png", own)
    file = paint_matte(project, part, 2, paint(tmp_path, 65535, slice(0, 10)))
    found = np.round(read_values(file)[..., 0] * 65535).astype(np.uint16)
    assert (found[:10] == 65535).all()
    assert np.array_equal(found[10:], own[10:])
    file = paint_matte(project, part, 2, paint(tmp_path, 0, slice(5, 20), alpha=32768))
    found = np.round(read_values(file)[..., 0] * 65535).astype(int)
    assert (found[:5] == 65535).all()
    assert np.abs(found[5:10] - 32767).max() <= 1
    assert np.abs(found[10:20] - own[10:20] / 2).max() <= 1
    assert len(list((file.parent / "replaced").iterdir())) == 2, "earlier mattes are kept"
    assert np.array_equal(np.round(editable_matte(project, part, 2) * 65535).astype(int), found)


def test_paint_that_does_not_fit_changes_nothing(project, tmp_path):
    part = project.part("")
    write_image(tmp_path / "opaque.png", np.full((*SIZE[::-1], 3), 255, np.uint8))
    write_image(tmp_path / "large.png", np.zeros((96, 64, 4), np.uint8))
    (tmp_path / "text.png").write_text("no picture")
    for name in ("opaque", "large", "text"):
        with pytest.raises(MatteError) as caught:
            paint_matte(project, part, 2, tmp_path / f"{name}.png")
        assert "\n" not in str(caught.value)
    with pytest.raises(ReviewError):
        paint_matte(project, part, 99, paint(tmp_path, 255, slice(0, 9)))
    assert painted_frames(project, "") == {}


def test_nothing_is_written_through_a_link_that_leaves_the_project(project, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (project.root / "mattes").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReviewError, match="found a link that leaves it"):
        paint_matte(project, project.part(""), 2, paint(tmp_path, 65535, slice(0, 9)))
    with pytest.raises(ReviewError, match="found a link that leaves it"):
        store_clicks(project, project.part(""), ["click:1,1@1"])
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.slow
def test_painted_mattes_are_propagated_used_and_dropped(project, tmp_path):
    with pytest.raises(MatteError, match="expected a painted matte, found none"):
        propagate_mattes(project.root)
    before = matte_state(project, project.part(""))
    assert (before["painted"], before["is_tracked"]) == ([], False)
    assert [one["frame"] for one in before["suggestions"]] == [1]
    file = paint_matte(project, project.part(""), 2, paint(tmp_path, 65535, slice(10, 40)))
    assert matte_state(project, project.part(""))["changed"] == [2]
    output = f"--output {project.root}/mattes/tracked/ --project {project.root}"
    assert propagation_command(project.root) == f"stylize matte {project.shot.path} --key 2:{file} {output}"
    propagate_mattes(project.root)
    project = again(project)
    state = matte_state(project, project.part(""))
    assert [one["frame"] for one in state["painted"]] == [2]
    assert (state["changed"], state["is_tracked"]) == ([], True)
    for frame in (1, 2, 3, 4):
        matte = editable_matte(project, project.part(""), frame)
        assert matte[24].mean() > 0.9 > 0.1 > matte[2].mean(), frame
    kept = drop_matte(project, project.part(""), 2)
    assert (kept.parent.name, painted_frames(project, "")) == ("replaced", {})
    assert matte_state(project, project.part(""))["changed"] == [2]
    with pytest.raises(ReviewError):
        drop_matte(project, project.part(""), 2)


def test_shots_without_a_painted_matte_come_first_among_suggestions():
    shots = [range(1, 11), range(11, 21), range(21, 31)]
    confidence = dict.fromkeys(range(1, 31), 1.0) | {8: 0.82}
    found = suggestions(shots, [1, 10, 11], confidence)
    assert [one.frame for one in found] == [21, 8]
    assert "no painted matte" in found[0].reason
    assert "0.82" in found[1].reason
    assert suggestions(shots[:1], [1, 10], {}) == []


def test_clicks_are_stored_and_checked(project):
    part = project.part("")
    store_clicks(project, part, ["click:10,20@2", "exclude:1.5,2@2", "box:3,4,30,40@3"])
    assert [len(found) for found in clicks_by_frame(project, part).values()] == [2, 1]
    line = matte_command(project.root, finding(project, part, 2))
    assert "--click 10,20@2 --exclude 1.5,2@2" in line
    assert "--frames 2" in line
    assert "box" not in line
    for texts, error in (
        (["click:90,20@2"], MatteError), (["click:9,20@99"], FrameRangeError), (["exclude:9,20@2"], SettingsError),
        (["click:/etc/passwd"], SettingsError), (["mattes/"], SettingsError), (["auto:person", "x"], SettingsError),
    ):  # fmt: skip
        with pytest.raises(error):
            store_clicks(project, part, texts)
    assert len(clicks_by_frame(project, part)) == 2
    store_clicks(project, part, [])
    assert clicks_by_frame(project, part) == {}
    with pytest.raises(MatteError, match="expected a click, found none"):
        find_clicked(project.root)


def test_missing_model_is_explained_in_one_line(project, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(project.root / "none"))
    problem = model_problem(project.part(""))
    assert "\n" not in problem
    assert "pip install '.[sam2]'" in problem or "hf download" in problem


def test_options_of_another_kind_of_matte_are_reset(project, tmp_path):
    import stylize

    (project.root / "mattes" / "tracked").mkdir(parents=True)
    tracked = str(project.root / "mattes" / "tracked")
    for options in (
        {"matte": "crypto:a", "cryptomatte": str(tmp_path)},
        {"matte": "click:1,1@1", "matte_model": "a/b"},
    ):
        stylize.configure(project.root, **options)
        assert use_mattes(project.root, "", tracked) == f"stylize {project.root} --matte {tracked}"
        settings = again(project).settings
        assert (settings.matte, settings.cryptomatte, settings.matte_model) == (tracked, None, None)


@pytest.mark.slow
def test_mattes_of_a_layer_are_its_own(project, tmp_path, style):
    import stylize

    stylize.configure(project.root, style=style, layers=[{"name": "one"}, {"name": "two", "matte": "alpha"}])
    project = again(project)
    two = project.part("layers/two")
    paint_matte(project, two, 1, paint(tmp_path, 65535, slice(0, 10)))
    with pytest.raises(ReviewError, match="expected a layer"):
        paint_matte(project, project.part(""), 1, tmp_path / "paint.png")
    line = use_mattes(project.root, "two", str(project.root / "mattes"))
    assert line.count("--layer") == 2
    project = again(project)
    assert [part.look.settings.matte for part in project.parts.values() if part.look.name] == [
        None, str(project.root / "mattes")
    ]  # fmt: skip
    assert [list(painted_frames(project, name)) for name in ("one", "two")] == [[], [1]]


class Half:
    """Segmenter that finds the half of the picture on the side of the first click. frames: those it has searched."""

    prompted, produces_mattes = True, True

    def __init__(self):
        self.frames = []

    def __call__(self, frames, plate, prompts=()):
        for frame in frames:
            self.frames.append(frame)
            matte = np.zeros(plate(frame).shape[:2], np.float32)
            half = slice(None, 32) if prompts[0].x < 32 else slice(32, None)
            matte[:, half] = 1
            yield frame, matte

    def cache_key(self):
        return "half"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pictures", "movie"])
def test_what_was_clicked_becomes_the_painted_matte_of_its_frames(tmp_path, monkeypatch, kind):
    pictures = [np.ascontiguousarray(texture(3, (80, 48))[:, n : n + 64]) for n in range(4)]
    if kind == "movie":
        write_movie(tmp_path / "shot.mp4", pictures)
        root = prepare_project(tmp_path / "shot.mp4", {}, lambda event: None)
    else:
        root = prepare_project(folder_of(tmp_path / "shot", pictures), {}, lambda event: None)
    half = Half()
    monkeypatch.setattr("stylize.matting.matte_pipeline.open_segmentation", lambda model, request, *own: Segmentation(
        half, "segment_sam2", request.prompts
    ))  # fmt: skip
    project = show_project(root, print)
    plates = {path.name: path.read_bytes() for path in (root / "video").iterdir()}
    store_clicks(project, project.part(""), ["click:5,9@2", "click:60,9@4"])
    assert finding_command(root).count("stylize matte") == 2
    find_clicked(root)
    assert half.frames == [2, 4], "only the frames with clicks are searched"
    assert list(painted_frames(project, "")) == [2, 4]
    sides = [editable_matte(project, project.part(""), frame)[:, [4, 60]].mean(axis=0).round() for frame in (2, 4)]
    assert [side.tolist() for side in sides] == [[1, 0], [0, 1]]
    assert {path.name: path.read_bytes() for path in (root / "video").iterdir()} == plates, "all plates are kept"
    use_mattes(root, "", "click:5,9@2", "owner/name")
    settings = again(project).settings
    assert (settings.matte, settings.matte_model) == ("click:5,9@2", "owner/name")
