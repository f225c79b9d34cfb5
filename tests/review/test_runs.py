"""Runs that a page starts, and changes of keys: calls of the API, of which the project keeps the result."""

import threading

import numpy as np
import pytest

import stylize
from stylize.errors import PaintedKeyError, ProjectError, ReviewError, StylizeError
from stylize.media.images import read_image, write_image
from stylize.project import read_project
from stylize.review.given_key import paint_key
from stylize.review.key_edits import add_key, drop_key
from stylize.review.prepare import prepare_project
from stylize.review.project_state import project_state
from stylize.review.runs import Runs, command_of
from stylize.review.shown_project import show_project
from tests.sliding import SIZE, picture
from tests.test_events import bits


@pytest.fixture
def project(plates, style):
    return prepare_project(plates, {"style": style, "keyframes": (1, 8)}, lambda event: None)


def settings_of(project):
    return read_project(project)[1]


def run_to_the_end(runs, project, action):
    runs.start(project, action)
    runs._thread.join(120)
    return runs.status()["run"]


@pytest.mark.slow
def test_run_is_that_of_the_api_and_is_reported_to_the_pages(project, plates, style, tmp_path):
    sent = []
    runs = Runs(sent.append)
    status = run_to_the_end(runs, project, "run")
    assert (status["outcome"], status["is_running"], status["action"]) == ("Done.", False, "run")
    expected = stylize.run(plates, style=style, keyframes=(1, 8), project=tmp_path / "same.stylize")
    assert bits(stylize.run(project)) == bits(expected)
    kinds = [event["type"] for event in sent]
    assert (kinds[0], kinds[-1]) == ("status", "status")
    assert {event["frame"] for event in sent if event["type"] == "frame"} == set(range(1, 9))
    assert {event["frame"] for event in sent if event["type"] == "key"} == {1, 8}
    assert sent[0]["run"]["is_running"]


@pytest.mark.slow
def test_cancelled_run_continues_and_another_is_refused_meanwhile(project):
    begun, going_on = threading.Event(), threading.Event()

    def send(event):
        if event["type"] == "frame":
            begun.set()
            going_on.wait(60)

    runs = Runs(send)
    runs.start(project, "run")
    assert begun.wait(120)
    with pytest.raises(ReviewError, match="already in progress"):
        runs.start(project, "plan")
    with pytest.raises(ProjectError, match="another run is using"):
        add_key(show_project(project, print), 4)
    runs.cancel()
    going_on.set()
    runs._thread.join(120)
    assert runs.status()["run"]["outcome"].startswith("Cancelled. Finished work is kept")
    made = project_state(*shown(project))["results"]
    assert made != [[0, 7]]
    assert run_to_the_end(runs, project, "run")["outcome"] == "Done."
    assert project_state(*shown(project))["results"] == [[0, 7]]


def shown(project):
    found = show_project(project, print)
    return found, found.part("")


@pytest.mark.slow
def test_error_of_a_run_is_its_outcome(project, style):
    style.unlink()
    runs = Runs(lambda event: None)
    outcome = run_to_the_end(runs, project, "run")["outcome"]
    assert "ref.png" in outcome
    assert "\n" not in outcome
    assert not runs.is_running
    with pytest.raises(ReviewError, match="expected one of run, plan, report"):
        runs.start(project, "open")


def test_command_of_an_action_is_what_the_shell_takes(tmp_path):
    assert command_of(tmp_path / "a b.stylize", "run") == f"stylize '{tmp_path}/a b.stylize'"
    assert command_of(tmp_path / "a.stylize", "report") == f"stylize report {tmp_path}/a.stylize"


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
