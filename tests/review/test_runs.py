"""Runs that a page starts, and changes of keys: calls of the API, of which the project keeps the result."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError, PaintedKeyError, ProjectError, ReviewError, SettingsError, StylizeError
from stylize.media.images import read_image, write_image
from stylize.project import read_project
from stylize.review.actions import command_of
from stylize.review.given_key import paint_key
from stylize.review.key_edits import add_key, drop_key
from stylize.review.prepare import prepare_project
from stylize.review.project_state import project_state
from stylize.review.run_process import DONE, FAILED, Ending
from stylize.review.runs import Runs
from stylize.review.shown_project import show_project
from stylize.review.task_queue import STATES, QueuedTask, read_queue, write_queue
from tests.sliding import SIZE, picture
from tests.test_events import bits


@pytest.fixture
def project(plates, style):
    return prepare_project(plates, {"style": style, "keyframes": (1, 8)}, lambda event: None)


def settings_of(project):
    return read_project(project)[1]


@pytest.fixture(scope="module")
def executor():
    """An executor whose process the tests share, and what it sends."""
    sent = []
    runs = Runs(sent.append)
    yield runs, sent
    runs.stop()


def run_to_the_end(runs, project, action, **options):
    runs.start(project, action, options)
    assert runs.wait(120)
    return runs.status()["run"]


def wait_for(sent, kind, count=1):
    """Wait for events of a kind."""
    for _ in range(12000):
        if sum(event["type"] == kind for event in sent) >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"no event {kind}")


@pytest.mark.slow
def test_run_is_that_of_the_api_and_is_reported_to_the_pages(executor, project, plates, style, tmp_path):
    runs, sent = executor
    sent.clear()
    status = run_to_the_end(runs, project, "run")
    assert (status["outcome"], status["is_running"], status["action"]) == ("Done.", False, "run")
    expected = stylize.run(plates, style=style, keyframes=(1, 8), project=tmp_path / "same.stylize")
    assert bits(stylize.run(project)) == bits(expected)
    kinds = [event["type"] for event in sent]
    assert (kinds[0], kinds[-1]) == ("status", "status")
    assert {event["frame"] for event in sent if event["type"] == "frame"} == set(range(1, 9))
    assert {event["frame"] for event in sent if event["type"] == "key"} == {1, 8}
    assert {event["part"] for event in sent if event["type"] in ("frame", "key")} == {""}
    assert any(event["run"]["is_running"] for event in sent if event["type"] == "status" and event["run"])
    assert [task.state for task in runs.tasks(project)] == ["done"]


@pytest.mark.slow
def test_draft_is_a_task_with_options(executor, project):
    runs, sent = executor
    sent.clear()
    assert run_to_the_end(runs, project, "run", scale="1/2", to_stage="propagate")["outcome"] == "Done."
    assert {event["part"] for event in sent if event["type"] == "frame"} == {"drafts/1-2"}
    assert "drafts/1-2" in show_project(project, print).parts
    assert project_state(*shown(project))["results"] == []


@pytest.mark.slow
def test_tasks_wait_for_each_other_and_a_paused_run_continues(executor, project):
    runs, sent = executor
    sent.clear()
    runs.start(project, "run")
    runs.start(project, "report")
    runs.start(project, "report")  # the same task again
    wait_for(sent, "frame")
    with pytest.raises(ProjectError, match="another run is using"):
        add_key(show_project(project, print), 4)
    runs.pause()
    assert runs.wait(120)
    assert runs.status()["run"]["outcome"] == "Paused."
    assert [(task.action, task.state) for task in runs.tasks(project)] == [("run", "paused"), ("report", "paused")]
    assert [one["action"] for one in runs.status()["queue"]] == ["run", "report"]
    assert project_state(*shown(project))["results"] != [[0, 7]]
    runs.remove(project, runs.tasks(project)[1].id)
    runs.resume(project)
    assert runs.wait(120)
    assert [(task.action, task.state) for task in runs.tasks(project)] == [("run", "done"), ("report", "cancelled")]
    assert project_state(*shown(project))["results"] == [[0, 7]]


@pytest.mark.slow
def test_cancelled_run_keeps_its_frames(executor, project):
    runs, sent = executor
    sent.clear()
    runs.start(project, "run")
    wait_for(sent, "frame")
    runs.cancel()
    assert runs.wait(120)
    assert runs.status()["run"]["outcome"].startswith("Cancelled. Finished work is kept")
    assert not runs.status()["queue"]
    assert project_state(*shown(project))["results"] not in ([], [[0, 7]])
    assert run_to_the_end(runs, project, "run")["outcome"] == "Done."


@pytest.mark.slow
def test_killed_process_is_reported_and_another_continues(executor, project):
    runs, sent = executor
    sent.clear()
    runs.start(project, "run")
    runs.start(project, "report")
    wait_for(sent, "frame")
    os.kill(runs._process.pid, signal.SIGKILL)
    assert runs.wait(120)
    assert "killed by signal 9, most often for lack of memory" in runs.status()["run"]["outcome"]
    assert [task.state for task in runs.tasks(project)] == ["failed", "paused"]
    assert run_to_the_end(runs, project, "run")["outcome"] == "Done."
    assert [task.state for task in runs.tasks(project)] == ["failed", "done", "done"]


@pytest.mark.slow
def test_change_waits_for_a_live_run_which_then_goes_on(executor, project):
    runs, sent = executor
    sent.clear()
    runs.start(project, "run", {"scale": "1/2", "to_stage": "propagate"}, is_live=True)
    wait_for(sent, "key")
    with runs.yielding(project):
        assert add_key(show_project(project, print), 4).command.endswith("--add-key 4")
        assert [task.state for task in runs.tasks(project)] == ["waiting"]
    assert runs.wait(120)
    assert [task.state for task in runs.tasks(project)] == ["done"]
    [draft] = [part for name, part in show_project(project, print).parts.items() if name]
    assert 4 in show_project(project, print).keys(draft)


def test_queue_is_read_back_paused_and_nothing_starts(tmp_path):
    (tmp_path / "state").mkdir()
    tasks = [QueuedTask(n, "run", {"scale": "1/2"}, state) for n, state in enumerate(STATES, 1)]
    write_queue(tmp_path, tasks)
    runs = Runs(lambda event: None)
    runs.load(tmp_path)
    assert [task.state for task in runs.tasks(tmp_path)] == ["paused"] * 3 + ["done", "failed", "cancelled"]
    assert [one["id"] for one in runs.status()["queue"]] == [1, 2, 3]
    assert runs.wait(0)
    assert not runs.is_running


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"version": 2, "tasks": []}', '{"version": 1, "tasks": [{"action": "open"}]}', "[" * 9999,
     '{"version": 1, "tasks": [{"id": 1, "action": "run", "options": {"steps": "x"}, "state": "done"}]}'],
)  # fmt: skip
def test_malformed_queue_counts_as_empty(tmp_path, text):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "queue.json").write_text(text)
    assert read_queue(tmp_path) == []


def test_executor_outlives_a_queue_that_cannot_be_stored(tmp_path, monkeypatch):
    """On a full disk, a run fails, and so does storing that; the next one must run all the same."""
    is_full, is_queued, orders = [], threading.Event(), []

    def store(root, tasks):
        if is_full:
            raise OutputError("the disk is full")

    def do(order, receive):
        orders.append(order.action)
        is_queued.wait(60)
        if len(orders) > 1:
            return Ending(DONE)
        is_full.append(True)
        return Ending(FAILED, "No space left.")

    sent = []
    runs = Runs(sent.append)
    monkeypatch.setattr("stylize.review.runs.write_queue", store)
    monkeypatch.setattr(runs._process, "do", do)
    runs.start(tmp_path, "run")
    runs.start(tmp_path, "report")
    is_queued.set()
    assert runs.wait(60)
    status = runs.status()
    assert (status["run"]["is_running"], status["run"]["outcome"]) == (False, "No space left. the disk is full")
    assert [task["state"] for task in status["queue"]] == ["paused"]
    for _ in range(2):  # the second time, nothing can be stored while it starts
        is_full.clear()
        runs.start(tmp_path, "plan")
        is_full.append(True)
        assert runs.wait(60)
    assert orders == ["run", "plan", "report", "plan"]
    runs.stop()


def test_only_the_latest_ended_tasks_are_kept(tmp_path):
    write_queue(tmp_path, [QueuedTask(0, "run"), *(QueuedTask(n, "plan", {}, "done") for n in range(1, 40))])
    assert [task.id for task in read_queue(tmp_path)] == [0, *range(28, 40)]


def shown(project):
    found = show_project(project, print)
    return found, found.part("")


@pytest.mark.slow
def test_error_of_a_run_is_its_outcome(executor, project, style):
    runs, _ = executor
    style.unlink()
    outcome = run_to_the_end(runs, project, "run")["outcome"]
    assert "ref.png" in outcome
    assert "\n" not in outcome
    assert not runs.is_running
    for action, options, error, match in (
        ("open", {}, ReviewError, "expected one of run, plan, report"),
        ("run", {"look": 1}, ReviewError, "run has no option 'look'"),
        ("report", {"seed": 1}, ReviewError, "report has no option 'seed'"),
        ("mattes", {"output": "/tmp/m/"}, ReviewError, "mattes has no option 'output'"),
        ("run", {"seed": "x"}, SettingsError, "--seed must be"),
    ):
        with pytest.raises(error, match=match):
            runs.start(project, action, options)


def test_command_of_an_action_is_what_the_shell_takes(tmp_path):
    assert command_of(tmp_path / "a b.stylize", "run") == f"stylize '{tmp_path}/a b.stylize'"
    assert command_of(tmp_path / "a.stylize", "report") == f"stylize report {tmp_path}/a.stylize"
    draft = {"draft": True, "scale": "1/2", "repaint": ["4"]}
    assert command_of(tmp_path, "run", draft) == f"stylize {tmp_path} --draft --scale 1/2 --repaint 4"


@pytest.mark.slow
def test_keys_are_added_and_dropped_in_the_settings_of_the_project(project):
    edit = add_key(show_project(project, print), 4)
    assert edit.command == f"stylize {project} --add-key 4"
    assert [key["frame"] for key in project_state(*shown(project))["keys"]] == [1, 4, 8]
    add_key(show_project(project, print), 5)
    assert settings_of(project).add_key == (4, 5)
    drop_key(show_project(project, print), 4)
    assert (settings_of(project).add_key, settings_of(project).keyframes) == ((5,), (1, 8))
    drop_key(show_project(project, print), 8)
    assert settings_of(project).keyframes == (1,)
    assert [key.frame for key in stylize.plan(project).shots[0].keyframes] == [1, 5]
    with pytest.raises(ReviewError, match="expected a frame of the shot"):
        add_key(show_project(project, print), 99)


@pytest.mark.slow
def test_picked_key_is_dropped_and_comes_back(plates, style):
    project = prepare_project(plates, {"style": style}, lambda event: None)
    [first, *_] = stylize.plan(project).shots[0].keys
    drop_key(show_project(project, print), first)
    assert settings_of(project).drop_key == (first,)
    assert first not in stylize.plan(project).shots[0].keys
    add_key(show_project(project, print), first)
    assert (settings_of(project).drop_key, settings_of(project).add_key) == ((), (first,))
    assert first in stylize.plan(project).shots[0].keys


@pytest.mark.slow
def test_uploaded_picture_is_a_painted_key_and_the_one_before_is_kept(project, tmp_path):
    for name, value in (("mine.png", 90), ("again.tif", 120)):
        write_image(tmp_path / name, picture(value))
    paint_key(show_project(project, print), 6, "mine.png", (tmp_path / "mine.png").read_bytes())
    target = project / "keys" / "plate.0006.png"
    assert target.read_bytes() == (tmp_path / "mine.png").read_bytes()
    edit = paint_key(show_project(project, print), 6, "again.tif", (tmp_path / "again.tif").read_bytes())
    assert edit.command == f"cp again.tif {target}"
    assert np.array_equal(read_image(target), picture(120))
    [kept] = (project / "keys" / "replaced").iterdir()
    assert np.array_equal(read_image(kept), picture(90))
    [key] = [one for one in project_state(*shown(project))["keys"] if one["frame"] == 6]
    assert (key["painted"], key["exists"]) == (True, True)
    result = stylize.run(project)
    assert np.array_equal(read_image(result.frames[6]), picture(120))
    drop_key(show_project(project, print), 6)
    assert not target.exists()
    assert len(list((project / "keys" / "replaced").iterdir())) == 2
    assert 6 not in [key.frame for key in stylize.plan(project).shots[0].keyframes]


@pytest.mark.slow
def test_unsuitable_uploads_change_nothing(project, tmp_path):
    write_image(tmp_path / "small.png", np.zeros((8, 8, 3), np.uint8))
    found, content = show_project(project, print), (tmp_path / "small.png").read_bytes()
    before = sorted(project.rglob("*"))
    for name, data, error, match in (
        ("small.png", content, PaintedKeyError, "small.png has 8x8 pixels, the shot 64x36"),
        ("x.png", b"no picture", PaintedKeyError, "cannot be read"),
        ("x.svg", content, PaintedKeyError, "found .svg"),
        ("x", content, PaintedKeyError, "found no suffix"),
        ("../../x.png/", content[:40], StylizeError, "cannot be read"),
    ):
        with pytest.raises(error, match=match):
            paint_key(found, 6, name, data)
    with pytest.raises(ReviewError, match="expected a frame"):
        paint_key(found, 9, "small.png", content)
    assert sorted(project.rglob("*")) == before
    assert SIZE == (64, 36)
