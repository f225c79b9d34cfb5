"""Drafts: the same run at a fraction of the size, in the same project, whose keyframes the full run uses."""

import hashlib
import json
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

import stylize
from stylize import renderers
from stylize.errors import CancelledError, OutputError, PaintedKeyError, ProjectError, SettingsError
from stylize.events import FrameFinished, Message
from stylize.media.images import image_size, read_image, read_values, write_image
from stylize.media.scaling import scale_picture
from stylize.planning.budget import TimedRenderer
from tests.clips import write_movie
from tests.sliding import SIZE, folder_of, picture, scene

HALF = (SIZE[0] // 2, SIZE[1] // 2)


class Negative:
    """Fast renderer that records its requests."""

    requests: list = []  # noqa: RUF012

    def render(self, request, on_step):
        Negative.requests.append(request)
        return renderers.RenderedKey(1 - request.plate)

    def cache_key(self):
        return "negative"


@pytest.fixture
def quick(monkeypatch):
    """Replace the renderer by a fast one."""
    Negative.requests = []
    monkeypatch.setattr("stylize.renderers.example.open_example", lambda *_: Negative())


def bits(result):
    return {frame: hashlib.sha256(path.read_bytes()).hexdigest() for frame, path in result.frames.items()}


def keys_of(result):
    return [key for shot in result.shots for key in shot.keys]


def full_size_files(project):
    """Contents of all files of the full size, by name, except records and digests, which may grow."""
    files = (path for path in sorted(project.rglob("*")) if path.is_file())
    names = {path.relative_to(project): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if name.parts[0] not in ("drafts", "state")}


def messages_of(shot, **options):
    found = []
    result = stylize.run(shot, on_event=lambda e: found.append(str(e)) if isinstance(e, Message) else None, **options)
    return result, found


@pytest.fixture
def turning(tmp_path):
    """Shot with new content in its middle, which needs more than one keyframe."""
    return folder_of(tmp_path / "turning", [*scene(8), *scene(8, seed=4)])


@pytest.mark.slow
def test_full_run_uses_the_keyframes_of_the_draft(plates, style, tmp_path):
    draft = stylize.run(plates, style=style, scale="1/2")
    assert draft.scale == Fraction(1, 2)
    assert all(image_size(path) == HALF for path in draft.frames.values())
    full = stylize.run(plates, style=style)
    assert (full.scale, keys_of(full)) == (None, keys_of(draft))
    named = stylize.run(plates, style=style, keyframes=keys_of(draft), project=tmp_path / "named")
    assert bits(full) == bits(named)


@pytest.mark.slow
def test_keyframes_are_chosen_once_for_both_sizes(turning, style, quick, monkeypatch, tmp_path):
    """The first run chooses. Keyframes are picked again only after a change of an option that affects them."""
    picks = []
    from stylize.planning import keyframes

    pick = keyframes.pick
    monkeypatch.setattr("stylize.planning.keyframes.pick", lambda *a, **k: picks.append(1) or pick(*a, **k))
    draft = stylize.run(turning, style=style, draft=True)
    first = len(picks)
    assert first > 0
    assert [shot.frames for shot in stylize.plan(turning, style=style).shots] == [s.frames for s in draft.shots]
    assert keys_of(stylize.run(turning, style=style, structure=0.1)) == keys_of(draft)
    assert keys_of(stylize.run(turning, style=style, draft=True)) == keys_of(draft)
    assert len(picks) == first
    stylize.run(turning, style=style, coverage=0.99)
    assert len(picks) > first
    again = len(picks)
    stylize.run(turning, style=style, coverage=0.99, scale=0.5)  # those of the full size
    assert len(picks) == again
    matte = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    matte[10:30, 10:50] = 255
    write_image(tmp_path / "matte.png", matte)
    stylize.run(turning, style=style, matte=tmp_path / "matte.png", draft=True, to_stage="pick")
    with_matte = len(picks)
    assert with_matte > again
    stylize.run(turning, style=style, matte=tmp_path / "matte.png", to_stage="pick")
    assert len(picks) == with_matte


@pytest.mark.slow
def test_draft_does_not_change_files_of_the_full_size(plates, style, quick, tmp_path):
    (tmp_path / "keys").mkdir()
    options = {"style": style, "keyframes": (1, 8), "output": tmp_path / "out" / "c.####.png"}
    full = stylize.run(plates, **options)
    write_image(full.project / "keys" / "mine 4.png", picture(90))
    full = stylize.run(plates, **options)
    write_image(tmp_path / "keys" / "8.png", picture(7))  # a full run would copy it over the rendered key
    before, delivered = full_size_files(full.project), bits(full)
    draft = stylize.run(plates, **options, keys=tmp_path / "keys", draft=True)
    after = full_size_files(full.project)
    assert {n: c for n, c in after.items() if n.name != "project.toml"} == {
        n: c for n, c in before.items() if n.name != "project.toml"
    }
    assert set(draft.painted) == {4, 8}
    again = stylize.run(plates, **options)
    assert (again.rendered, again.redone, bits(again)) == ((), (), delivered)


@pytest.mark.slow
def test_repeated_draft_makes_only_missing_frames(plates, style, quick):
    first = stylize.run(plates, style=style, keyframes=(1, 8), draft=True)
    first.frames[5].unlink()
    second = stylize.run(plates, style=style, keyframes=(1, 8), draft=True)
    assert (second.rendered, second.redone) == ((), (5,))
    assert bits(second) == bits(first)
    assert second.full_seconds is not None


@pytest.mark.slow
def test_cancelled_draft_resumes_to_the_same_bits(plates, style, quick, tmp_path):
    options = {"style": style, "keyframes": (1, 8), "draft": True}
    whole = stylize.run(plates, **options, project=tmp_path / "whole")
    finished = []
    with pytest.raises(CancelledError):
        stylize.run(
            plates, **options, on_event=lambda event: finished.append(event) if isinstance(event, FrameFinished) else 0,
            cancel=lambda: len(finished) >= 4,
        )  # fmt: skip
    again = stylize.run(plates, **options)
    assert again.rendered == ()
    assert not {event.frame for event in finished} & set(again.redone)
    assert bits(again) == bits(whole)


@pytest.mark.slow
def test_draft_without_work_keeps_the_measured_times(plates, style, quick, tmp_path, monkeypatch):
    """Times of steps without work, such as frames that are only checked, would make the estimate far too short."""
    # No run of the full size has been measured.
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    options = {"style": style, "keyframes": (1, 8), "draft": True}
    project = stylize.run(plates, **options).project
    first = steps_in(project)
    assert set(first) == {"render", "propagate", "export"}
    again = stylize.run(plates, **options)
    assert again.redone == ()
    assert steps_in(project) == first
    expected = 2 * first["render"] + 4 * 8 * first["export"] + 4 * (2 + 12) * first["propagate"]
    assert again.full_seconds == pytest.approx(expected)


def steps_in(project):
    """Recorded seconds of a step of a draft at 1/2, by stage."""
    lines = (project / "drafts" / "1-2" / "state" / "plan.jsonl").read_text().splitlines()
    facts = [json.loads(line) for line in lines if "seconds a step" in line]
    return {one["fact"].removeprefix("seconds a step "): one["value"] for one in facts}


@pytest.mark.slow
def test_names_of_results_contain_the_label_of_the_draft(plates, style, quick, tmp_path):
    options = {"style": style, "keyframes": (1,), "draft": True}
    for output, made in (
        (None, "plates.stylize/drafts/1-2/export/plate.draft-1-2.mp4"),
        ("out.mov", "out.draft-1-2.mov"),
        ("out/", "out.draft-1-2/plate.0003.png"),
        ("seq/comp.####.exr", "seq/comp.draft-1-2.0003.exr"),
        ("seq/####.png", "seq/draft-1-2.0003.png"),
    ):
        result = stylize.run(plates, **options, output=None if output is None else f"{tmp_path}/{output}")
        assert (tmp_path / made).is_file(), output
        if output is not None:
            assert result.outputs[0] == (tmp_path / made if made.endswith(".mov") else (tmp_path / made).parent)
    assert not (tmp_path / "out.mov").exists()
    theirs = tmp_path / "mine.draft-1-2.mov"
    theirs.write_bytes(b"mine")
    with pytest.raises(OutputError, match="--overwrite"):
        stylize.run(plates, **options, output=tmp_path / "mine.mov")
    assert theirs.read_bytes() == b"mine"
    with pytest.raises(OutputError, match="keeps its own files"):
        stylize.run(plates, **options, output=result.project / "out" / "x.mov")


@pytest.mark.slow
def test_draft_skips_export_for_other_programs_with_a_message(plates, style, quick):
    options = {"style": style, "keyframes": (1,), "export": "otio", "handles": 1}
    draft, found = messages_of(plates, **options, draft=True)
    assert "--export otio is skipped in a draft" in found
    assert not [path for path in draft.outputs if path.suffix == ".otio"]
    assert [path for path in stylize.run(plates, **options).outputs if path.suffix == ".otio"]


@pytest.mark.slow
def test_painted_keys_are_scaled_and_draft_keys_of_another_size_are_rejected(plates, tmp_path):
    (tmp_path / "keys").mkdir()
    noise = np.random.default_rng(5).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    write_image(tmp_path / "keys" / "1.png", noise)
    draft = stylize.run(plates, keys=tmp_path / "keys", draft=True)
    np.testing.assert_array_equal(read_image(draft.frames[1]), scale_picture(noise, HALF))
    assert not list((draft.project / "keys").iterdir())
    folder = draft.project / "drafts" / "1-2" / "keys"
    write_image(folder / "3.png", picture(9))
    with pytest.raises(PaintedKeyError, match="64x36 pixels, the shot 32x18"):
        stylize.run(plates, keys=tmp_path / "keys", draft=True)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"matte_grow": 3}, {"matte_shrink": 3, "matte_feather": 8}])
def test_draft_equals_its_plate_outside_the_matte(plates, tmp_path, options):
    """A matte is shaped at full size, then scaled. Outside it, the result is exactly the scaled plate."""
    from masks.feather import feather
    from masks.grow import grow

    matte = np.zeros((SIZE[1], SIZE[0]), np.float32)
    matte[8:27, 11:40] = 1
    write_image(tmp_path / "matte.png", (matte * 255).astype(np.uint8))
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1.png", picture(0))
    draft = stylize.run(plates, keys=tmp_path / "keys", matte=tmp_path / "matte.png", **options, draft=True)
    shaped = feather(
        grow(matte, options.get("matte_grow", 0) - options.get("matte_shrink", 0)), options.get("matte_feather", 0)
    )
    scaled = cv2.resize(shaped, HALF, interpolation=cv2.INTER_AREA)
    for frame, path in draft.frames.items():
        plate = scale_picture(read_image(plates / f"plate.{frame:04d}.png"), HALF)
        result = read_image(path)
        np.testing.assert_array_equal(result[scaled == 0], plate[scaled == 0])
        np.testing.assert_array_equal(result[scaled == 1], 0)
        np.testing.assert_allclose(result, plate * (1 - scaled[..., None]), atol=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sequence", "movie"])
def test_alpha_of_a_shot_is_its_matte_in_a_draft(tmp_path, kind):
    alpha = np.zeros((SIZE[1], SIZE[0], 1), np.uint8)
    alpha[4:23, 10:41] = 255
    pictures = [np.concatenate([one, alpha], axis=2) for one in scene(3)]
    if kind == "sequence":
        shot = folder_of(tmp_path / "plates", pictures)
    else:
        shot = write_movie(tmp_path / "plate.mkv", pictures, codec="ffv1", layout="bgra", options={})
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1.png", picture(0))
    draft = stylize.run(shot, keys=tmp_path / "keys", matte="alpha", draft=True, output=tmp_path / "out/")
    matte = cv2.resize(alpha[..., 0] / np.float32(255), HALF, interpolation=cv2.INTER_AREA)
    for frame, path in draft.frames.items():
        result, plate = read_image(path), scale_picture(pictures[frame - 1], HALF)
        np.testing.assert_array_equal(result[matte == 0], plate[matte == 0])
        np.testing.assert_array_equal(result[..., 3], plate[..., 3])
        assert not result[matte == 1][:, :3].any()


@pytest.mark.slow
def test_draft_of_a_movie_of_odd_size_with_mattes_and_guides(tmp_path):
    """Sides become even. The movie is not unpacked at full size, as no matte is made from it."""
    frames = [np.ascontiguousarray(cv2.resize(one, (85, 57))) for one in scene(4)]
    shot = write_movie(tmp_path / "shot.mkv", frames, codec="ffv1", layout="bgr0", options={})
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1.png", 255 - frames[0])
    guide = folder_of(tmp_path / "guide", frames)
    matte = tmp_path / "matte.png"
    write_image(matte, np.full((57, 85), 255, np.uint8))
    draft = stylize.run(
        shot, keys=tmp_path / "keys", guide=f"{guide}:2", matte=matte, scale="1/3", output=tmp_path / "o.mp4"
    )
    assert all(image_size(path) == (28, 20) for path in draft.frames.values())
    assert not list((draft.project / "video").iterdir())
    np.testing.assert_array_equal(
        read_image(draft.project / "drafts" / "1-3" / "video" / "shot.0002.png"), scale_picture(frames[1], (28, 20))
    )
    scaled = read_values(draft.project / "drafts" / "1-3" / "guides" / "scaled-1" / "shot.0002.png")
    np.testing.assert_allclose(scaled, scale_picture(frames[1], (28, 20)) / 255, atol=1 / 255)


@pytest.mark.slow
def test_draft_uses_plates_changed_by_hand(tmp_path, quick, style):
    shot = write_movie(tmp_path / "shot.mkv", scene(3), codec="ffv1", layout="bgr0", options={})
    options = {"style": style, "keyframes": (1,), "to_stage": "propagate"}
    project = stylize.run(shot, **options).project
    write_image(project / "video" / "shot.0002.png", picture(200))
    stylize.run(shot, **options, draft=True)
    np.testing.assert_array_equal(
        read_image(project / "drafts" / "1-2" / "video" / "shot.0002.png"), np.full((*HALF[::-1], 3), 200)
    )


@pytest.mark.slow
def test_each_layer_has_its_draft(plates, tmp_path, style, quick):
    left = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    left[:, : SIZE[0] // 2] = 255
    write_image(tmp_path / "left.png", left)
    layers = [{"name": "all"}, {"name": "left", "matte": tmp_path / "left.png", "keyframes": (4,)}]
    draft = stylize.run(plates, style=style, layers=layers, draft=True)
    assert [layer.project for layer in draft.layers] == [
        draft.project / "drafts" / "1-2" / "layers" / name for name in ("all", "left")
    ]
    assert all(image_size(path) == HALF for path in draft.frames.values())
    full = stylize.run(plates, style=style, layers=layers)
    assert [keys_of(layer) for layer in full.layers] == [keys_of(layer) for layer in draft.layers]


@pytest.mark.slow
def test_draft_is_bit_identical_for_any_number_of_processes(plates, style, quick, tmp_path):
    options = {"style": style, "keyframes": (1, 4, 8), "draft": True}
    one = stylize.run(plates, **options)
    two = stylize.run(plates, **options, jobs=2, project=tmp_path / "two")
    assert bits(two) == bits(one)


@pytest.mark.slow
def test_refinement_is_shared_by_both_sizes(plates, style, quick):
    options = {"style": style, "max_keyframes": 1, "refine": 1}
    draft = stylize.run(plates, **options, draft=True)
    full = stylize.run(plates, **options)
    assert keys_of(full) == keys_of(draft)
    assert [one.frame for one in full.refinements] == [one.frame for one in draft.refinements]


@pytest.mark.slow
def test_refinement_of_a_draft_of_a_movie_with_shot_colours(tmp_path, style, quick):
    """The colours of the shot come from the plates of the draft, as a movie is not unpacked at full size."""
    shot = write_movie(tmp_path / "shot.mkv", scene(5), codec="ffv1", layout="bgr0", options={})
    options = {"style": style, "max_keyframes": 1, "refine": 1, "tone": 0.5}
    draft = stylize.run(shot, **options, draft=True)
    assert not list((draft.project / "video").iterdir())
    assert all(request.shot is not None and request.scale == 0.5 for request in Negative.requests)
    assert keys_of(stylize.run(shot, **options)) == keys_of(draft)


@pytest.mark.slow
def test_budget_is_measured_once_for_both_sizes(plates, style, quick):
    options = {"style": style, "keys_budget": "1h", "coverage": 0.9, "to_stage": "pick"}
    draft = stylize.run(plates, **options, draft=True)
    painted = len(Negative.requests)
    assert painted > 0
    full, found = messages_of(plates, **options)
    assert keys_of(full) == keys_of(draft)
    assert any(line.startswith("--keys-budget 1 h") for line in found)
    assert len(Negative.requests) == painted


@pytest.mark.slow
def test_request_of_a_renderer_contains_the_scale(plates, style, quick):
    stylize.run(plates, style=style, keyframes=(1,), to_stage="render")
    stylize.run(plates, style=style, keyframes=(1,), to_stage="render", scale="1/2")
    assert [(request.scale, request.plate.shape[:2]) for request in Negative.requests] == [
        (1.0, SIZE[::-1]), (0.5, HALF[::-1]),
    ]  # fmt: skip


@pytest.mark.slow
def test_plan_of_a_draft(plates, style):
    planned = stylize.plan(plates, style=style, draft=True)
    assert planned.scale == Fraction(1, 2)
    assert planned.pixels == HALF[0] * HALF[1]
    assert all(path.is_relative_to(planned.project / "drafts" / "1-2") for path in planned.outputs)
    assert keys_of(stylize.plan(plates, style=style)) == keys_of(planned)


@pytest.mark.slow
def test_clean_includes_drafts(plates, style, quick):
    from stylize.project import Project, clean

    draft = stylize.run(plates, style=style, keyframes=(1,), draft=True)
    project = Project(draft.project)
    with project.locked():
        assert clean(project, results=True).files["out"] == len(draft.frames)
    assert not any(path.exists() for path in draft.frames.values())
    assert (draft.project / "drafts" / "1-2" / "keys" / "plate.0001.png").is_file()


@pytest.mark.slow
def test_draft_reports_the_estimated_time_of_the_full_run(plates, style, quick):
    draft, found = messages_of(plates, style=style, keyframes=(1, 8), draft=True)
    assert draft.full_seconds > 0
    assert any(line.startswith("full size: about ") and line.endswith(", 2 keys and 8 frames") for line in found)
    assert stylize.run(plates, style=style, keyframes=(1, 8)).full_seconds is None


def test_link_in_a_draft_is_rejected(plates, style, tmp_path):
    folder = tmp_path / "plates.stylize" / "drafts" / "1-2"
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProjectError, match="is a symbolic link"):
        stylize.run(plates, style=style, draft=True)


@pytest.mark.parametrize(
    ("scale", "full_work", "seconds"), [(1, None, 2), (1, 1.1, 2), (0.5, None, 8), (0.25, None, 32), (0.25, 1.5, 3)]
)
def test_cost_of_a_key_is_extrapolated_to_the_full_size(monkeypatch, scale, full_work, seconds):
    """A budget applies to the full run. The measured time of a draft at 1/2 would allow four times as many keys."""
    now = [0.0]

    class Slow:
        def render(self, request, on_step):
            now[0] += 2 + 5
            return renderers.RenderedKey(request.plate, full_work=full_work, loading=5.0)

    monkeypatch.setattr("stylize.planning.budget.time.perf_counter", lambda: now[0])
    timed = TimedRenderer(Slow())
    plate = np.zeros((8, 8, 3), np.float32)
    request = renderers.RenderRequest(1, plate, None, None, None, 0, scale=scale)
    timed.render(request, lambda *_: None)
    assert (timed.seconds, timed.agreeing, timed.loading) == ([seconds], [], 5)
    timed.render(replace(request, warped=plate), lambda *_: None)
    assert (timed.seconds, timed.agreeing, timed.loading) == ([seconds] * 2, [seconds], 10)


@pytest.mark.parametrize("scale", ["1", "1/1", "2/3", "1/9", "0.3", "half", "", "1/0", "-1/2", "1e-999999999"])
def test_invalid_scale_is_rejected_in_one_line(plates, style, scale):
    with pytest.raises(SettingsError, match=r"^--scale must be 1/2, 1/3, 1/4 and so on, down to 1/8, not ") as error:
        stylize.run(plates, style=style, scale=scale)
    assert "\n" not in str(error.value)


def test_too_small_draft_is_rejected(plates, style):
    with pytest.raises(SettingsError, match=r"a draft at 1/4 of 64x36 would be 16x8, expected 16 pixels or more"):
        stylize.run(plates, style=style, scale="1/4")


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ((640, 360), (1, 2)),
        ((1920, 1080), (1, 2)),
        ((3840, 2160), (1, 4)),
        ((2048, 858), (1, 2)),
        ((16384, 8640), (1, 8)),
    ],
)
def test_default_scale_depends_on_the_size(size, scale):
    from stylize.drafting import draft_scale
    from stylize.settings import Settings

    assert draft_scale(Settings(style="a.png", draft=True), size) == Fraction(*scale)
    assert draft_scale(Settings(style="a.png", draft=True, scale="1/5"), size) == Fraction(1, 5)
    assert draft_scale(Settings(style="a.png"), size) is None
