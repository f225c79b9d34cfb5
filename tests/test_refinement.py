"""The closed loop: keys where the result is poor, nothing made twice, and the same bits however it was interrupted."""

import hashlib
from typing import ClassVar

import numpy as np
import pytest

import stylize
from stylize import refinement, renderers
from stylize.errors import SettingsError
from stylize.media.images import read_image, write_image
from tests import synthetic
from tests.sliding import folder_of


class Negative:
    """Paints at once."""

    count = 0

    def render(self, request, on_step):
        Negative.count += 1
        return renderers.RenderedKey(1 - request.plate)

    def cache_key(self):
        return "negative"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    Negative.count = 0
    monkeypatch.setitem(renderers.RENDERERS, "example", lambda *_: Negative())


@pytest.fixture
def style(tmp_path):
    write_image(tmp_path / "ref.png", np.full((8, 8, 3), 99, np.uint8))
    return tmp_path / "ref.png"


@pytest.fixture
def box(tmp_path):
    """A box that turns to one new face, in the middle."""
    return folder_of(tmp_path / "box", [plate[::2, ::2].copy() for plate in synthetic.box_turn(26, 6, 12, 1)])


@pytest.fixture
def asked(style):
    return {"style": style, "keyframes": (1,)}


def bits(result):
    return {frame: hashlib.sha256(path.read_bytes()).hexdigest() for frame, path in result.frames.items()}


def keys_of(result):
    return [key for shot in result.shots for key in shot.keys]


def errors_of(result):
    folder = result.project / "passes" / "error"
    return [float(read_image(path).mean()) for path in sorted(folder.iterdir())]


def test_a_key_comes_where_the_result_is_poor_and_nothing_else_is_made_again(box, asked, tmp_path):
    before = np.mean(errors_of(stylize.run(box, **asked)))
    said = []
    result = stylize.run(box, **asked, refine=1, on_message=said.append)
    (one,) = result.refinements
    assert one.kept
    assert 10 <= one.frame <= 26
    assert one.after < 0.9 * one.before
    assert np.mean(errors_of(result)) < 0.9 * before
    assert keys_of(result) == [1, one.frame]
    assert result.rendered == (one.frame,)
    assert result.redone == tuple(range(2, 27))  # what lies between its neighbours, the key at 1 and the end
    assert Negative.count == 2
    assert f"round 1: frame {one.frame} becomes a keyframe" in said[0]
    assert "poor" in result.shots[0].keyframes[1].reason


def test_a_second_round_makes_only_what_its_key_changes(box, asked):
    first = stylize.run(box, **asked, refine=1).refinements[0]
    result = stylize.run(box, **asked, refine=2)
    assert result.refinements[0] == first
    second = result.refinements[1]
    keys = sorted({1, first.frame, second.frame})
    place = keys.index(second.frame)
    after = keys[place + 1] if place + 1 < len(keys) else 27
    assert result.redone == tuple(range(keys[place - 1] + 1, after))
    assert Negative.count == 3


def test_running_again_does_nothing(box, asked):
    first = stylize.run(box, **asked, refine=2)
    stages = []
    again = stylize.run(box, **asked, refine=2, on_message=stages.append)
    assert (again.redone, again.rendered, stages) == ((), (), [])
    assert again.refinements == first.refinements
    assert keys_of(again) == keys_of(first)
    assert bits(again) == bits(first)


@pytest.mark.parametrize("stop", [("render", 2), ("propagate", 30), ("propagate", 45), ("propagate", 70)])
def test_however_it_is_interrupted_it_ends_with_the_same_bits(box, asked, tmp_path, stop):
    class StopError(Exception):
        pass

    whole = stylize.run(box, **asked, refine=2, project=tmp_path / "whole.stylize")
    stage, calls = stop
    heard = 0

    def on_progress(name, done, total):
        nonlocal heard
        heard += name == stage
        if heard == calls:
            raise StopError

    with pytest.raises(StopError):
        stylize.run(box, **asked, refine=2, project=tmp_path / "part.stylize", on_progress=on_progress)
    result = stylize.run(box, **asked, refine=2, project=tmp_path / "part.stylize")
    assert result.refinements == whole.refinements
    assert bits(result) == bits(whole)


def test_fewer_rounds_take_the_first_of_them_and_none_takes_none(box, asked):
    plain = bits(stylize.run(box, **asked))
    one = stylize.run(box, **asked, refine=1)
    with_one = bits(one)
    stylize.run(box, **asked, refine=2)
    back = stylize.run(box, **asked, refine=1)
    assert back.refinements == one.refinements
    assert bits(back) == with_one
    none = stylize.run(box, **asked)
    assert none.refinements == ()
    assert bits(none) == plain
    assert len(list((none.project / "keys").iterdir())) == 1


def test_a_key_that_mends_nothing_is_taken_back(box, asked, monkeypatch):
    plain = stylize.run(box, **asked)
    before = bits(plain)
    values = iter([0.02, 0.03])
    monkeypatch.setattr(refinement, "shot_error", lambda *_: next(values))
    result = stylize.run(box, **asked, refine=5)
    (one,) = result.refinements
    assert (one.before, one.after, one.kept) == (0.02, 0.03, False)
    assert keys_of(result) == [1]
    assert bits(result) == before
    assert [path.name for path in (result.project / "keys").iterdir()] == ["plate.0001.png"]
    again = stylize.run(box, **asked, refine=5)
    assert (again.redone, again.refinements) == ((), result.refinements)


@pytest.mark.parametrize(("share", "rounds"), [(0.11, 2), (0.09, 1)])
def test_it_stops_once_a_key_takes_less_than_the_share_that_pays(box, asked, monkeypatch, share, rounds):
    assert rounds == 1 + (share >= refinement.MIN_GAIN)
    first, second = 0.02, 0.02 * (1 - share)
    values = iter([first, second, second, second * (1 - share / 2)])
    monkeypatch.setattr(refinement, "shot_error", lambda *_: next(values))
    monkeypatch.setattr(refinement, "best_frame", best_and_worth)
    result = stylize.run(box, **asked, refine=5)
    assert [one.kept for one in result.refinements] == [True] * rounds
    assert len(keys_of(result)) == 1 + rounds


def best_and_worth(frames, errors, keys, *_):
    """Where the widest gap is, and a gain that would always pay."""
    middle = max(frames, key=lambda frame: min(abs(frame - key) for key in keys))
    return middle, 1.0


def test_where_nothing_is_poor_no_key_comes(tmp_path, asked):
    still = folder_of(tmp_path / "still", [plate[::2, ::2].copy() for plate in synthetic.still(8)])
    result = stylize.run(still, **asked, refine=3)
    assert result.refinements == ()
    assert keys_of(result) == [1]


def test_other_keys_do_not_change_when_one_comes_between(box, style):
    plain = stylize.run(box, style=style, keyframes=(1, 26))
    kept = {path.name: path.read_bytes() for path in (plain.project / "keys").iterdir()}
    result = stylize.run(box, style=style, keyframes=(1, 26), refine=1)
    (one,) = result.refinements
    assert result.rendered == (one.frame,)
    assert {name: (result.project / "keys" / name).read_bytes() for name in kept} == kept


def test_what_a_person_paints_on_a_refined_key_stays_and_starts_no_round(box, asked):
    result = stylize.run(box, **asked, refine=1)
    (one,) = result.refinements
    key = result.project / "keys" / f"plate.{one.frame:04d}.png"
    mine = np.full_like(read_image(key), 200)
    write_image(key, mine)
    again = stylize.run(box, **asked, refine=1)
    assert again.refinements == result.refinements
    assert again.painted == (one.frame,)
    assert again.rendered == ()
    np.testing.assert_array_equal(read_image(again.frames[one.frame]), mine)


def test_a_key_before_the_first_one_starts_from_that(box, style):
    result = stylize.run(box, style=style, keyframes=(26,), refine=1)
    assert result.refinements[0].frame < 26
    assert stylize.run(box, style=style, keyframes=(26,), refine=1).redone == ()


def test_a_plan_and_a_part_of_the_stages_take_what_is_known(box, asked):
    said = []
    part = stylize.run(box, **asked, refine=1, to_stage="render", on_message=said.append)
    assert part.refinements == ()
    assert "--refine goes on in a run" in said[0]
    (one,) = stylize.run(box, **asked, refine=1).refinements
    planned = stylize.plan(box, **asked, refine=1)
    assert keys_of(planned) == [1, one.frame]
    assert "poor" in planned.outputs[0].read_text()
    assert stylize.run(box, **asked, refine=1, from_stage="export").refinements == (one,)


def test_frames_of_a_matte_are_judged_inside_of_it(box, asked, tmp_path):
    matte = np.zeros(read_image(box / "plate.0001.png").shape, np.uint8)
    matte[:6, :6] = 255  # a corner of the ground, where nothing happens
    write_image(tmp_path / "matte.png", matte)
    assert stylize.run(box, **asked, refine=1, matte=tmp_path / "matte.png").refinements == ()


def test_refining_needs_something_to_paint_after():
    for idle in ({}, {"keys": "painted"}, {"style": "ref.png", "renderer": "painted"}):
        with pytest.raises(SettingsError, match="--refine"):
            stylize.run("shot.mp4", refine=1, **idle)


class Unsteady(Negative):
    """A model whose key of frame 26 says something else, with the first seed."""

    seeds: ClassVar[list[tuple[int, int]]] = []

    def render(self, request, on_step):
        Unsteady.seeds.append((request.frame, request.seed))
        odd = request.frame == 26 and request.seed == 0
        return renderers.RenderedKey(request.plate if odd else 1 - request.plate)

    def cache_key(self):
        return "unsteady"


@pytest.fixture
def unsteady(monkeypatch):
    Unsteady.seeds = []
    monkeypatch.setitem(renderers.RENDERERS, "a1111", lambda *_: Unsteady())
    return {"renderer": "a1111", "keyframes": (1, 13, 26)}


def test_a_key_of_a_model_that_does_not_agree_is_painted_again_before_one_is_added(box, unsteady):
    plain = stylize.run(box, **unsteady)
    before = {path.name: path.read_bytes() for path in (plain.project / "keys").iterdir()}
    said = []
    Unsteady.seeds = []
    result = stylize.run(box, **unsteady, refine=1, on_message=said.append)
    assert Unsteady.seeds[:2] == [(26, 0), (26, 1)]
    (told,) = [line for line in said if line.startswith("refine: ")]
    assert told.startswith("refine: keyframe 26 does not agree with 13 (colour 0.")
    keys = {path.name: path.read_bytes() for path in (result.project / "keys").iterdir()}
    assert {name for name in before if keys[name] != before[name]} == {"plate.0026.png"}
    np.testing.assert_array_equal(read_image(result.frames[26]), 255 - read_image(box / "plate.0026.png"))
    # Looked at once; and without --refine it is as it was.
    Unsteady.seeds = []
    again = stylize.run(box, **unsteady, refine=1)
    assert (Unsteady.seeds, again.redone, bits(again)) == ([], (), bits(result))
    assert bits(stylize.run(box, **unsteady)) == bits(plain)


def test_a_painted_key_is_never_painted_again(box, unsteady):
    plain = stylize.run(box, **unsteady)
    key = plain.project / "keys" / "plate.0026.png"
    write_image(key, np.full_like(read_image(key), 200))
    bytes_of = key.read_bytes()
    said = []
    stylize.run(box, **unsteady, refine=1, on_message=said.append)
    assert key.read_bytes() == bytes_of
    assert not any("does not agree" in line for line in said)


def test_retries_that_were_asked_for_have_done_it_already(box, unsteady):
    said = []
    stylize.run(box, **unsteady, refine=1, retries=2, on_message=said.append)
    assert [one for one in Unsteady.seeds if one[0] == 26][:2] == [(26, 0), (26, 1)]
    assert not any("does not agree" in line for line in said)
