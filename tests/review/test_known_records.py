"""Records are read once, and again after a run has written one."""

import json

from stylize.project.layout import STATE_FOLDER
from stylize.review.known_records import known_records


def write(root, task, value):
    (root / STATE_FOLDER).mkdir(exist_ok=True)
    with (root / STATE_FOLDER / f"{task}.jsonl").open("a") as file:
        file.write(json.dumps({"fact": "cuts", "key": "", "value": value}) + "\n")


def test_records_are_read_again_only_when_they_have_changed(tmp_path):
    assert known_records(tmp_path).latest_fact("cuts") is None
    write(tmp_path, "plan", [3])
    first = known_records(tmp_path)
    assert first.latest_fact("cuts") == [3]
    assert known_records(tmp_path) is first
    write(tmp_path, "plan", [3, 5])
    assert known_records(tmp_path).latest_fact("cuts") == [3, 5]
    (tmp_path / STATE_FOLDER / "plan.jsonl").unlink()
    assert known_records(tmp_path).latest_fact("cuts") is None
