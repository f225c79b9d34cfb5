"""A run session: its plan, keys and tasks, and its frames as they finish."""

import threading

import pytest

import stylize
from stylize.errors import CancelledError, ProjectError, SessionError, StyleError
from stylize.events import FrameFinished, KeyRendered, TaskDone
from stylize.media.images import write_image
from tests.sliding import picture
from tests.test_events import bits


@pytest.mark.slow
def test_session_lists_plan_keys_and_tasks_before_the_work(plates, style):
    (plates.parent / "painted").mkdir()
    write_image(plates.parent / "painted" / "8.png", picture(90))
    with stylize.open(plates, style=style, keys=plates.parent / "painted", keyframes=(1, 8)) as session:
        assert [shot.frames for shot in session.plan] == [tuple(range(1, 9))]
        assert [(key.frame, key.is_painted, key.exists) for key in session.keys] == [(1, False, False), (8, True, True)]
        assert [task.id for task in session.tasks] == ["plan", "keys:0001", "span:keyframes", "span:0002", "delivery"]
        assert session.project == plates.parent / "plates.stylize"
        assert session.settings.keyframes == (1, 8)
        assert not list((session.project / "out").iterdir())
        assert session.result is None
        with pytest.raises(ProjectError, match="another run is using"):
            stylize.run(plates, style=style)
        result = session.run()
        assert session.result is result
        assert [(key.frame, key.exists) for key in session.keys] == [(1, True), (8, True)]
    assert bits(stylize.run(plates, style=style, keys=plates.parent / "painted", keyframes=(1, 8))) == bits(result)


@pytest.mark.slow
def test_frames_arrive_when_complete_and_reused_ones_last(plates, style, tmp_path):
    whole = stylize.run(plates, style=style, keyframes=(1, 4, 8), project=tmp_path / "whole.stylize")
    mine, threads = [], set()

    def on_event(event):
        threads.add(threading.get_ident())
        mine.append(event)

    with stylize.open(plates, style=style, keyframes=(1, 4, 8), on_event=on_event) as session:
        found = []
        for frame in session:
            assert frame.path.is_file()
            found.append(frame)
        assert bits(session.result) == bits(whole)
    assert threads == {threading.get_ident()}
    assert sorted(frame.frame for frame in found) == list(range(1, 9))
    assert found == [event for event in mine if isinstance(event, FrameFinished)]
    places = [place for place, event in enumerate(mine) if isinstance(event, FrameFinished)]
    assert places[0] < max(place for place, event in enumerate(mine) if isinstance(event, TaskDone))
    write_image(session.project / "keys" / "mine 6.png", picture(90))
    with stylize.open(plates, style=style, keyframes=(1, 4, 8)) as again:
        frames = [frame.frame for frame in again.frames()]
    assert sorted(frames[:3]) == [5, 6, 7]
    assert frames[3:] == [1, 2, 3, 4, 8]


@pytest.mark.slow
def test_leaving_the_loop_cancels_and_a_later_run_resumes(plates, style, tmp_path):
    asked = {"style": style, "keyframes": (1, 8)}
    whole = stylize.run(plates, **asked, project=tmp_path / "whole.stylize")
    with stylize.open(plates, **asked) as session:
        for frame in session:
            assert frame.frame in (1, 8)
            break
        assert session.result is None
    assert not [one for one in threading.enumerate() if one.name == "stylize"]
    heard = []
    rest = stylize.run(plates, **asked, on_event=heard.append)
    assert not [event for event in heard if isinstance(event, KeyRendered)]
    assert len(rest.redone) < 8
    assert bits(rest) == bits(whole)


@pytest.mark.slow
def test_suspended_loop_ends_with_its_session(plates, style):
    with stylize.open(plates, style=style, keyframes=(1, 8)) as session:
        frames = iter(session)
        next(frames)
    assert not [one for one in threading.enumerate() if one.name == "stylize"]
    assert len(stylize.run(plates, style=style, keyframes=(1, 8)).frames) == 8
    frames.close()


@pytest.mark.slow
def test_errors_and_cancellation_reach_the_loop(plates, style):
    flag = threading.Event()
    with stylize.open(plates, style=style, keyframes=(1, 8), cancel=flag) as session:
        frames = iter(session)
        next(frames)
        flag.set()
        with pytest.raises(CancelledError):
            list(frames)
    with pytest.raises(StyleError), stylize.open(plates, style=plates / "none.png"):
        pass

    def fail(event):
        if isinstance(event, FrameFinished):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), stylize.open(plates, style=style, on_event=fail) as session:
        list(session)
    assert not [one for one in threading.enumerate() if one.name == "stylize"]


@pytest.mark.slow
def test_log_has_the_events_of_a_session(plates, style, tmp_path):
    log = tmp_path / "log.jsonl"
    with stylize.open(plates, style=style, keyframes=(1,), frames="1-3", log_json=log) as session:
        list(session)
    lines = log.read_text().splitlines()
    assert sum('"event": "frame"' in line for line in lines) == 3
    assert sum('"event": "key"' in line for line in lines) == 1
    assert '"error": null' in lines[-1]


def test_closed_session_is_an_error(plates, style):
    session = stylize.open(plates, style=style, keyframes=(1, 8))
    for kept in ((), ("settings", "project")):  # before opening and after closing
        for member in {"plan", "keys", "tasks", "settings", "project"}.difference(kept):
            with pytest.raises(SessionError, match="is not open; use it inside a block: with"):
                getattr(session, member)
        for run in (session.run, lambda: list(session)):
            with pytest.raises(SessionError, match="is not open"):
                run()
        assert session.result is None
        with session, pytest.raises(SessionError, match="is already open"):
            session.__enter__()
    assert session.project == plates.parent / "plates.stylize"
    assert session.settings.keyframes == (1, 8)
    with session:
        assert [key.frame for key in session.keys] == [1, 8]


@pytest.mark.slow
def test_session_allows_one_run_at_a_time(plates, style):
    with stylize.open(plates, style=style, keyframes=(1, 8)) as session:
        frames = iter(session)
        next(frames)
        for second in (session.run, lambda: next(iter(session))):
            with pytest.raises(SessionError, match="is already running"):
                second()
        assert len(list(frames)) == 7
        assert len(list(session)) == 8
