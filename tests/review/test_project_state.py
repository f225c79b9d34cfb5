"""The state that the page gets agrees with the run that made the project."""

import numpy as np
import pytest

import stylize
from stylize.media.images import write_image
from stylize.project.records import Records
from stylize.review.project_state import last_plan, project_state
from stylize.review.shown_project import show_project
from stylize.review.stored_plan import stored_plan
from tests.sliding import picture


@pytest.mark.slow
def test_state_of_a_project_is_that_of_its_last_run(plates, style):
    result = stylize.run(plates, style=style, split=False)
    before = {path: path.stat().st_mtime_ns for path in result.project.rglob("*")}
    shown = show_project(result.project, print)
    state = project_state(shown, shown.part(""))
    [plan] = result.shots
    assert [(key["frame"], key["reason"]) for key in state["keys"]] == [
        (key.frame, key.reason) for key in plan.keyframes
    ]
    assert all(key["exists"] and key["planned"] and not key["painted"] for key in state["keys"])
    assert state["frames"] == list(plan.frames) == list(range(1, 9))
    assert state["results"] == state["plates"] == [[0, 7]]
    assert state["timecodes"] == list(result.timecodes.values())
    assert "error" in state["overlays"]
    assert {path: path.stat().st_mtime_ns for path in result.project.rglob("*")} == before, "looking changes nothing"
    measured = stylize.plan(result.project).shots[0].coverage
    assert last_plan(shown, shown.part("")).coverage == pytest.approx(measured)

    write_image(result.project / "keys" / "mine 6.png", picture(90))
    found = {key["frame"]: key for key in project_state(shown, shown.part(""))["keys"]}
    assert (found[6]["reason"], found[6]["painted"]) == ("painted", True)
    assert found[6]["exists"]


@pytest.mark.slow
def test_layers_and_drafts_are_parts_with_pictures_of_their_own(plates, style, tmp_path):
    write_image(tmp_path / "matte.png", np.tile(np.arange(64, dtype=np.uint8)[None, :, None] // 32 * 255, (36, 1, 3)))
    layers = [{"name": "one"}, {"name": "two", "matte": str(tmp_path / "matte.png")}]
    result = stylize.run(plates, style=style, keyframes=(1, 8), layers=layers)
    stylize.run(plates, style=style, keyframes=(1, 8), draft=True, project=tmp_path / "draft.stylize")
    shown = show_project(result.project, print)
    assert list(shown.parts) == ["", "layers/one", "layers/two"]
    state = project_state(shown, shown.part("layers/two"))
    assert state["results"] == [[0, 7]]
    assert [key["frame"] for key in state["keys"]] == [1, 8]
    assert "matte" in state["overlays"]
    draft = show_project(tmp_path / "draft.stylize", print)
    assert list(draft.parts) == ["", "drafts/1-2"]
    assert project_state(draft, draft.part("drafts/1-2"))["results"] == [[0, 7]]
    assert project_state(draft, draft.part(""))["results"] == []


def test_malformed_records_count_as_missing(tmp_path):
    (tmp_path / "plan.jsonl").write_text(
        '{"fact": "cuts", "key": "", "value": {"a": 1}}\n{"fact": "keyframes 1-3", "key": "", "value": [1]}\n'
        '{"fact": "explained 1-3", "key": "", "value": {"coverage": [1]}}\n{"fact": "refined", "key": "", "value": 0}\n'
    )
    records = Records(tmp_path)
    records.load()
    plan = stored_plan(records, (1, 2, 3), (), ())
    assert (plan.cuts, plan.picked, plan.coverage) == ((), {}, {})
