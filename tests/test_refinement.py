"""Refinement: keys where the result is poor, no repeated work, and the same bits however it was interrupted."""

import hashlib
import shutil
from typing import ClassVar

import numpy as np
import pytest

import stylize
from stylize import refinement, renderers
from stylize.errors import SettingsError
from stylize.media.images import read_image, write_image
from stylize.planning.uncovered import MIN_GAIN
from tests import synthetic
from tests.sliding import folder_of

COUNT = 18  # frames of the box


class Negative:
    """Renderer that paints at once."""

    count = 0

    def render(self, request, on_step):
        Negative.count += 1
        return renderers.RenderedKey(1 - request.plate)

    def cache_key(self):
        return "negative"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    Negative.count = 0
    monkeypatch.setattr("stylize.renderers.example.open_example", lambda *_: Negative())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a box that turns to one new face, in the middle, and with a reference."""
    folder = tmp_path_factory.mktemp("home")
    folder_of(folder / "box", [plate[::4, ::4].copy() for plate in synthetic.box_turn(COUNT, 4, 8, 1)])
    write_image(folder / "ref.png", np.full((8, 8, 3), 99, np.uint8))
    return folder


@pytest.fixture(scope="module")
def whole(home):
    """Two rounds in a project of their own, which tests compare theirs with; none changes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stylize.renderers.example.open_example", lambda *_: Negative())
        return stylize.run(
            home / "box", style=home / "ref.png", keyframes=(1,), refine=2, project=home / "whole.stylize"
        )


@pytest.fixture(scope="module")
def plain_home(home, tmp_path_factory):
    """The same folder, with a project that was run without rounds; moved, as it stays that of a shot that exists."""
    folder = shutil.copytree(home, tmp_path_factory.mktemp("made") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stylize.renderers.example.open_example", lambda *_: Negative())
        stylize.run(folder / "box", style=folder / "ref.png", keyframes=(1,))
    return folder.rename(folder.with_name("plain"))


@pytest.fixture
def style(home, tmp_path):
    return shutil.copy(home / "ref.png", tmp_path)


@pytest.fixture
def box(home, tmp_path):
    return shutil.copytree(home / "box", tmp_path / "box")


@pytest.fixture
def run_options(style):
    return {"style": style, "keyframes": (1,)}


@pytest.fixture
def ran(plain_home, tmp_path):
    """The box, beside its project, which has been run without rounds; tests may change both."""
    shutil.copytree(plain_home, tmp_path, dirs_exist_ok=True)
    return tmp_path / "box"


def bits(result):
    return {frame: hashlib.sha256(path.read_bytes()).hexdigest() for frame, path in result.frames.items()}


def keys_of(result):
    return [key for shot in result.shots for key in shot.keys]


def errors_of(result):
    folder = result.project / "passes" / "error"
    return [float(read_image(path).mean()) for path in sorted(folder.iterdir())]


@pytest.mark.slow
def test_key_is_added_at_the_poorest_frame_and_the_rest_is_reused(ran, run_options, tmp_path):
    before = np.mean(errors_of(stylize.run(ran, **run_options)))
    messages = []
    result = stylize.run(ran, **run_options, refine=1, rate=24, on_message=messages.append)
    (one,) = result.refinements
    assert one.kept
    assert 7 <= one.frame <= COUNT
    assert one.after < 0.9 * one.before
    assert np.mean(errors_of(result)) < 0.9 * before
    assert keys_of(result) == [1, one.frame]
    assert result.rendered == (one.frame,)
    assert result.redone == tuple(range(2, COUNT + 1))  # the frames between its neighbours: the key at 1 and the end
    assert Negative.count == 1
    assert f"round 1: frame {one.frame} becomes a keyframe" in messages[0]
    assert "poor" in result.shots[0].keyframes[1].reason


@pytest.mark.slow
def test_second_round_regenerates_only_the_spans_of_its_key(ran, run_options):
    first = stylize.run(ran, **run_options, refine=1).refinements[0]
    result = stylize.run(ran, **run_options, refine=2)
    assert result.refinements[0] == first
    second = result.refinements[1]
    keys = sorted({1, first.frame, second.frame})
    place = keys.index(second.frame)
    after = keys[place + 1] if place + 1 < len(keys) else COUNT + 1
    assert result.redone == tuple(range(keys[place - 1] + 1, after))
    assert Negative.count == 2


@pytest.mark.slow
def test_repeated_refinement_does_no_work(home, whole):
    first, stages = whole, []
    again = stylize.run(
        home / "box", style=home / "ref.png", keyframes=(1,), refine=2, project=whole.project, rate=24,
        on_message=stages.append,
    )  # fmt: skip
    assert (again.redone, again.rendered, stages) == ((), (), [])
    assert again.refinements == first.refinements
    assert keys_of(again) == keys_of(first)
    assert bits(again) == bits(first)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [("render", 2), ("propagate", 21), ("propagate", 31), ("propagate", 48)])
def test_interrupted_refinement_ends_with_the_same_bits(box, run_options, tmp_path, whole, stop):
    class StopError(Exception):
        pass

    stage, calls = stop
    heard = 0

    def on_progress(name, done, total):
        nonlocal heard
        heard += name == stage
        if heard == calls:
            raise StopError

    with pytest.raises(StopError):
        stylize.run(box, **run_options, refine=2, project=tmp_path / "part.stylize", on_progress=on_progress)
    result = stylize.run(box, **run_options, refine=2, project=tmp_path / "part.stylize")
    assert result.refinements == whole.refinements
    assert bits(result) == bits(whole)


@pytest.mark.slow
def test_fewer_rounds_use_the_first_added_keys(ran, run_options):
    plain = bits(stylize.run(ran, **run_options))
    one = stylize.run(ran, **run_options, refine=1)
    with_one = bits(one)
    stylize.run(ran, **run_options, refine=2)
    back = stylize.run(ran, **run_options, refine=1)
    assert back.refinements == one.refinements
    assert bits(back) == with_one
    none = stylize.run(ran, **run_options)
    assert none.refinements == ()
    assert bits(none) == plain
    assert len(list((none.project / "keys").iterdir())) == 1


@pytest.mark.slow
def test_key_without_improvement_is_withdrawn(ran, run_options, monkeypatch):
    plain = stylize.run(ran, **run_options)
    before = bits(plain)
    values = iter([0.02, 0.03])
    monkeypatch.setattr(refinement, "shot_error", lambda *_: next(values))
    result = stylize.run(ran, **run_options, refine=5)
    (one,) = result.refinements
    assert (one.before, one.after, one.kept) == (0.02, 0.03, False)
    assert keys_of(result) == [1]
    assert bits(result) == before
    assert [path.name for path in (result.project / "keys").iterdir()] == ["plate.0001.png"]
    again = stylize.run(ran, **run_options, refine=5)
    assert (again.redone, again.refinements) == ((), result.refinements)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "rounds"), [(0.11, 2), (0.09, 1)])
def test_refinement_stops_when_a_key_gains_too_little(ran, run_options, monkeypatch, share, rounds):
    assert rounds == 1 + (share >= MIN_GAIN)
    first, second = 0.02, 0.02 * (1 - share)
    values = iter([first, second, second, second * (1 - share / 2)])
    monkeypatch.setattr(refinement, "shot_error", lambda *_: next(values))
    monkeypatch.setattr(refinement, "best_frame", best_and_worth)
    result = stylize.run(ran, **run_options, refine=5)
    assert [one.kept for one in result.refinements] == [True] * rounds
    assert len(keys_of(result)) == 1 + rounds


def best_and_worth(frames, errors, keys, *_):
    """Position of the widest gap, and a gain that always pays."""
    middle = max(frames, key=lambda frame: min(abs(frame - key) for key in keys))
    return middle, 1.0


@pytest.mark.slow
def test_no_key_is_added_where_nothing_is_poor(tmp_path, run_options):
    still = folder_of(tmp_path / "still", [plate[::4, ::4].copy() for plate in synthetic.still(8)])
    result = stylize.run(still, **run_options, refine=3)
    assert result.refinements == ()
    assert keys_of(result) == [1]


@pytest.mark.slow
def test_added_key_does_not_change_other_keys(box, style):
    plain = stylize.run(box, style=style, keyframes=(1, COUNT))
    kept = {path.name: path.read_bytes() for path in (plain.project / "keys").iterdir()}
    result = stylize.run(box, style=style, keyframes=(1, COUNT), refine=1)
    (one,) = result.refinements
    assert result.rendered == (one.frame,)
    assert {name: (result.project / "keys" / name).read_bytes() for name in kept} == kept


@pytest.mark.slow
def test_painted_refined_key_is_kept_and_starts_no_round(ran, run_options):
    result = stylize.run(ran, **run_options, refine=1)
    (one,) = result.refinements
    key = result.project / "keys" / f"plate.{one.frame:04d}.png"
    mine = np.full_like(read_image(key), 200)
    write_image(key, mine)
    again = stylize.run(ran, **run_options, refine=1)
    assert again.refinements == result.refinements
    assert again.painted == (one.frame,)
    assert again.rendered == ()
    np.testing.assert_array_equal(read_image(again.frames[one.frame]), mine)


@pytest.mark.slow
def test_key_added_before_the_first_uses_it_as_a_reference(box, style):
    result = stylize.run(box, style=style, keyframes=(COUNT,), refine=1)
    assert result.refinements[0].frame < COUNT
    assert stylize.run(box, style=style, keyframes=(COUNT,), refine=1).redone == ()


@pytest.mark.slow
def test_plan_and_partial_runs_use_known_refinements(box, run_options):
    messages = []
    part = stylize.run(box, **run_options, refine=1, to_stage="render", rate=24, on_message=messages.append)
    assert part.refinements == ()
    assert "--refine continues in a run" in messages[0]
    (one,) = stylize.run(box, **run_options, refine=1).refinements
    planned = stylize.plan(box, **run_options, refine=1)
    assert keys_of(planned) == [1, one.frame]
    assert "poor" in planned.outputs[0].read_text()
    assert stylize.run(box, **run_options, refine=1, from_stage="export").refinements == (one,)


@pytest.mark.slow
def test_frames_are_rated_inside_the_matte(box, run_options, tmp_path):
    matte = np.zeros(read_image(box / "plate.0001.png").shape, np.uint8)
    matte[:6, :6] = 255  # a corner of the ground, which is static
    write_image(tmp_path / "matte.png", matte)
    assert stylize.run(box, **run_options, refine=1, matte=tmp_path / "matte.png").refinements == ()


def test_refinement_needs_a_style():
    for idle in ({}, {"keys": "painted"}, {"style": "ref.png", "renderer": "painted"}):
        with pytest.raises(SettingsError, match="--refine"):
            stylize.run("shot.mp4", refine=1, **idle)


class Unsteady(Negative):
    """Model that paints something else for the last frame with the first seed."""

    seeds: ClassVar[list[tuple[int, int]]] = []

    def render(self, request, on_step):
        Unsteady.seeds.append((request.frame, request.seed))
        odd = request.frame == COUNT and request.seed == 0
        return renderers.RenderedKey(request.plate if odd else 1 - request.plate)

    def cache_key(self):
        return "unsteady"


@pytest.fixture
def unsteady(monkeypatch):
    Unsteady.seeds = []
    monkeypatch.setattr("stylize.renderers.a1111.open_a1111", lambda *_: Unsteady())
    return {"renderer": "a1111", "keyframes": (1, 9, COUNT)}


@pytest.mark.slow
def test_outlier_key_is_rendered_again_before_a_key_is_added(box, unsteady):
    plain = stylize.run(box, **unsteady)
    before = {path.name: path.read_bytes() for path in (plain.project / "keys").iterdir()}
    messages = []
    Unsteady.seeds = []
    result = stylize.run(box, **unsteady, refine=1, on_message=messages.append)
    assert Unsteady.seeds[:2] == [(COUNT, 0), (COUNT, 1)]
    (report,) = [line for line in messages if line.startswith("refine: ")]
    assert report.startswith(f"refine: keyframe {COUNT} does not agree with 9 (colour 0.")
    keys = {path.name: path.read_bytes() for path in (result.project / "keys").iterdir()}
    assert {name for name in before if keys[name] != before[name]} == {f"plate.{COUNT:04d}.png"}
    np.testing.assert_array_equal(read_image(result.frames[COUNT]), 255 - read_image(box / f"plate.{COUNT:04d}.png"))
    # Checked once; and without --refine the result is as before.
    Unsteady.seeds = []
    again = stylize.run(box, **unsteady, refine=1)
    assert (Unsteady.seeds, again.redone, bits(again)) == ([], (), bits(result))
    assert bits(stylize.run(box, **unsteady)) == bits(plain)


@pytest.mark.slow
def test_painted_key_is_never_rendered_again(box, unsteady):
    plain = stylize.run(box, **unsteady)
    key = plain.project / "keys" / f"plate.{COUNT:04d}.png"
    write_image(key, np.full_like(read_image(key), 200))
    bytes_of = key.read_bytes()
    messages = []
    stylize.run(box, **unsteady, refine=1, on_message=messages.append)
    assert key.read_bytes() == bytes_of
    assert not any("does not agree" in line for line in messages)


@pytest.mark.slow
def test_retries_already_replace_outlier_keys(box, unsteady):
    messages = []
    stylize.run(box, **unsteady, refine=1, retries=2, on_message=messages.append)
    assert [one for one in Unsteady.seeds if one[0] == COUNT][:2] == [(COUNT, 0), (COUNT, 1)]
    assert not any("does not agree" in line for line in messages)
