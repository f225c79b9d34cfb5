from pathlib import Path

import numpy as np
import pytest

from propagate.flow_dis import DisFlow
from propagate.spans import Span
from propagate.synthesis import SynthesisSettings
from stylize import propagation
from stylize.images import read_image, write_image
from stylize.motion import EstimatedMotion, Estimators
from stylize.propagation import Footage, finish_key, propagate_span, to_depth, write_error
from tests.test_pipeline import scene

PLATES = dict(enumerate(scene(7), 1))
SPANS = [Span((2, 3, 4, 5, 6), 1, 7), Span((2, 3, 4), 1, None), Span((4, 5, 6), None, 7)]


def footage(tmp_path, dtype=np.uint8, matte=None, plates=PLATES, settled=lambda: None):
    keys = {n: tmp_path / f"{n}.png" for n in (1, 7)}
    for number, path in keys.items():
        if not path.exists():
            write_image(path, 255 - PLATES[number])
    return Footage(lambda n: plates[n][..., :3], plates.__getitem__, keys.__getitem__, matte, dtype, settled)


def work(given, span, scratch, on_passed=lambda: None):
    flow = scratch.parent / "flow"
    flow.mkdir(exist_ok=True)
    motion = EstimatedMotion(given.colour, str, Estimators(DisFlow(), DisFlow()), flow, "shot")
    return propagate_span(given, span, scratch, motion, SynthesisSettings(), on_passed)


@pytest.mark.parametrize("span", SPANS)
def test_every_frame_of_a_span_comes_once_with_its_error(tmp_path, span):
    passed = []
    made = {m.frame: m for m in work(footage(tmp_path), span, tmp_path / "s", lambda: passed.append(1))}
    assert sorted(made) == list(span.frames)
    assert len(passed) == (len(span.frames) if span.left and span.right else 0)
    assert all(m.picture.shape == (36, 64, 3) and m.picture.dtype == np.uint8 for m in made.values())
    assert all(m.error.shape == (36, 64) and m.error.min() >= 0 for m in made.values())


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("every", [0.0, 1e9])
def test_stopped_after_any_frame_it_goes_on_with_the_same_bits(tmp_path, span, every, monkeypatch):
    monkeypatch.setattr(propagation, "KEEP_EVERY", every)
    given = footage(tmp_path)
    whole = {m.frame: m for m in work(given, span, tmp_path / "whole")}
    found, stops, scratch = {}, 0, tmp_path / "part"
    while len(found) < len(span.frames):
        # One frame a run, as if each run were killed right after it.
        for made in work(given, span, scratch):
            if made.frame not in found:
                found[made.frame] = made
                break
        stops += 1
    assert stops == len(span.frames)
    for frame, made in whole.items():
        np.testing.assert_array_equal(found[frame].picture, made.picture)
        np.testing.assert_array_equal(found[frame].error, made.error)


def test_stopped_in_the_first_of_two_passes_it_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(propagation, "KEEP_EVERY", 0.0)
    given, span, scratch = footage(tmp_path), SPANS[0], tmp_path / "part"
    whole = [m.picture for m in work(given, span, tmp_path / "whole")]

    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(work(given, span, scratch, killed))
    assert (scratch / "forward.2.npz").exists()
    again = [m.picture for m in work(given, span, scratch)]
    np.testing.assert_array_equal(whole, again)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"PK")])
@pytest.mark.parametrize("name", ["forward.state.npz", "backward.state.npz", "forward.4.npz"])
def test_spoilt_scratch_costs_time_and_nothing_else(tmp_path, monkeypatch, name, spoil):
    monkeypatch.setattr(propagation, "KEEP_EVERY", 0.0)
    given, span = footage(tmp_path), SPANS[0]
    whole = {m.frame: m.picture for m in work(given, span, tmp_path / "whole")}
    part = work(given, span, tmp_path / "part")
    next(part), next(part)
    part.close()
    spoil(tmp_path / "part" / name)
    for made in work(given, span, tmp_path / "part"):
        np.testing.assert_array_equal(made.picture, whole[made.frame])


def test_nothing_counts_as_passed_before_it_is_settled(tmp_path, monkeypatch):
    monkeypatch.setattr(propagation, "KEEP_EVERY", 0.0)
    state, seen = tmp_path / "s" / "forward.state.npz", []
    given = footage(tmp_path, settled=lambda: seen.append(state.stat().st_mtime_ns if state.exists() else 0))
    list(work(given, SPANS[1], tmp_path / "s"))
    assert seen[0] == 0
    assert len(seen) == 3


def test_a_key_comes_out_exactly_in_the_depth_of_the_output(tmp_path):
    made = finish_key(footage(tmp_path, np.uint16), 1)
    np.testing.assert_array_equal(made.picture, (255 - PLATES[1]).astype(np.uint16) * 257)
    assert not made.error.any()


def test_alpha_and_matte_of_the_plate_are_kept(tmp_path):
    draw = np.random.default_rng(0)
    plates = {n: np.dstack([p, draw.integers(0, 256, p.shape[:2], np.uint8)]) for n, p in PLATES.items()}
    matte = np.zeros((36, 64), np.float32)
    matte[:, :20] = 1
    for made in work(footage(tmp_path, matte=lambda n: matte, plates=plates), SPANS[1], tmp_path / "s"):
        np.testing.assert_array_equal(made.picture[..., 3], plates[made.frame][..., 3])
        np.testing.assert_array_equal(made.picture[:, 20:], plates[made.frame][:, 20:])
        assert (made.picture[:, :20] != plates[made.frame][:, :20]).any()


def test_depths_turn_into_each_other_without_loss():
    eight = np.arange(256, dtype=np.uint8).reshape(1, -1)
    np.testing.assert_array_equal(to_depth(to_depth(eight, np.uint16), np.uint8), eight)


def test_an_error_map_is_the_root_in_sixteen_bits(tmp_path):
    write_error(tmp_path / "e.png", np.array([[0, 0.25], [1, 4]], np.float32))
    assert read_image(tmp_path / "e.png")[..., 0].tolist() == [[0, 32768], [65535, 65535]]
