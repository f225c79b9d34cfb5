"""Curves of the timeline, and the frames that they name."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.review import curves as module
from stylize.review.curves import curves, worst_frames
from stylize.review.shown_project import show_project
from stylize.spans.pass_maps import write_error

ERRORS = st.dictionaries(st.integers(1, 60), st.floats(0, 1), max_size=60)


def test_error_is_that_of_the_maps_as_they_are_now(sample):
    project = show_project(sample.root, print)
    found = curves(project, project.part(""), [])
    assert found["is_complete"]
    assert [value and round(value, 4) for value in found["error"]] == [None, 0.25, 0.25, *[None] * 37]
    assert set(found["coverage"]) == set(found["flicker"]) == {None}
    path = sample.file("passes/error", 3)
    before = path.read_bytes()
    write_error(path, np.full((32, 128), 0.01, np.float32))
    changed = curves(project, project.part(""), [])["error"]
    path.write_bytes(before)
    assert [value and round(value, 3) for value in changed[:4]] == [None, 0.25, 0.1, None]


def test_long_shot_is_read_in_parts(sample, monkeypatch):
    monkeypatch.setattr(module, "_MAPS_AT_ONCE", 1)
    monkeypatch.setattr(module, "_KNOWN", {})
    project = show_project(sample.root, print)
    first, second = (curves(project, project.part(""), []) for _ in range(2))
    assert (first["is_complete"], second["is_complete"]) == (False, True)
    assert [value and round(value, 3) for value in first["error"][1:3]] == [0.25, None]
    assert second["error"][2] == pytest.approx(0.25, abs=1e-4)


def test_flicker_is_that_of_the_last_report_and_a_damaged_one_counts_as_missing(sample):
    project, report = show_project(sample.root, print), sample.root / "report.json"
    frames = [{"frame": 1, "flicker": None}, {"frame": 2, "flicker": 0.5}]
    try:
        for text, expected in ((json.dumps({"shots": [{"frames": frames}]}), 0.5), ("{", None), ('{"shots": 1}', None)):
            report.write_text(text)
            assert curves(project, project.part(""), [])["flicker"][:3] == [None, expected, None]
    finally:
        report.unlink()


@given(ERRORS, st.sets(st.integers(1, 60), max_size=6))
def test_worst_frames_are_the_highest_at_a_distance_from_each_other(errors, keys):
    found = worst_frames(errors, sorted(keys))
    frames = [one.frame for one in found]
    assert len(found) <= 5
    assert not keys & set(frames)
    assert [one.error for one in found] == sorted((one.error for one in found), reverse=True)
    assert all(abs(one - other) >= 3 for one in frames for other in frames if one != other)


def test_advice_is_a_key_where_there_is_none_near_and_else_to_repaint_it():
    errors = dict.fromkeys(range(1, 41), 0.01) | {20: 0.05, 9: 0.03}
    found = worst_frames(errors, [8, 40])
    assert [(one.frame, one.advice) for one in found] == [(20, "add a key near 20"), (9, "repaint the key 8")]
    assert worst_frames({}, []) == worst_frames(dict.fromkeys(range(9), 0.01), [0]) == []
