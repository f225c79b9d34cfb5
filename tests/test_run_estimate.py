"""Estimates come from what earlier runs have measured on this machine, and from nothing else."""

import hashlib

import pytest

import stylize
from stylize.events import KeyRendered, StageProgress
from stylize.project.speeds import Speed
from stylize.run_clock import ExpectedStage
from stylize.run_estimate import StageWork, expected_stages, measured_speeds, total_seconds
from stylize.step_times import StepTimes
from stylize.summary import plan_lines

WORK = [
    StageWork("render", "", 2, 0, "keys"),
    StageWork("propagate", "", 10, 2, "span"),
    StageWork("export", "", 0, 0, "delivery"),
]
ORDER = [("split", ""), *((one.stage, one.layer) for one in WORK)]


def test_expected_times_follow_from_speeds_and_steps():
    speeds = {"keys": {100: Speed(3.0, 1.0, 4)}, "span": {100: Speed(0.5, 0.25, 40)}}
    stages = expected_stages(ORDER, WORK, 100, speeds)
    assert stages == [
        ExpectedStage("split", "", 0.0), ExpectedStage("render", "", 7.0, 1.0),
        ExpectedStage("propagate", "", 5.25, 0.25), ExpectedStage("export", "", 0.0),
    ]  # fmt: skip
    assert total_seconds(stages) == pytest.approx(12.25)


def test_one_unmeasured_stage_makes_the_whole_unknown():
    stages = expected_stages(ORDER, WORK, 100, {"keys": {100: Speed(3.0, 1.0, 4)}})
    assert stages[2].seconds is None
    assert total_seconds(stages) is None


def times_of(*events):
    """Times measured from pairs of a second and an event; the run starts at 0."""
    now = [0.0]
    times = StepTimes(lambda: now[0])
    for second, event in events:
        now[0] = second
        times.receive(event)
    return times


def test_speeds_leave_out_startup_copied_keyframes_and_keys_that_were_not_rendered(tmp_path):
    rendered = KeyRendered(1, tmp_path)
    times = times_of(
        (1, StageProgress("render", 0, 3)), (3, StageProgress("render", 0, 3, part=0.5)), (6, rendered),
        (6, StageProgress("render", 1, 3)), (6.1, StageProgress("render", 2, 3)), (8.1, rendered),
        (8.1, StageProgress("render", 3, 3)), (8.1, StageProgress("propagate", 0, 5)),
        (8.2, StageProgress("propagate", 1, 5)), (8.3, StageProgress("propagate", 2, 5)),
        (12.3, StageProgress("propagate", 3, 5)), (13.3, StageProgress("propagate", 4, 5)),
        (14.3, StageProgress("propagate", 5, 5)),
    )  # fmt: skip
    assert times.seconds["render"] == pytest.approx([5, 2])
    found = {key: speed for key, _, speed in measured_speeds(WORK, 100, times)}
    assert set(found) == {"keys", "span"}
    # The longest step includes startup: 8.1 s in all, of which two keys of 2 s.
    assert (found["keys"].step, found["keys"].fixed, found["keys"].steps) == pytest.approx((2, 4.1, 2))
    assert (found["span"].step, found["span"].fixed, found["span"].steps) == pytest.approx((1, 3.2, 3))


def test_time_in_which_the_caller_does_something_else_does_not_count():
    now = [0.0]
    times = StepTimes(lambda: now[0], started=-2.0)
    for second, event in ((1, StageProgress("pick", 1, 1)), (101, None), (104, StageProgress("render", 0, 1))):
        now[0] = second
        times.resume() if event is None else times.receive(event)
    assert times.whole == {"pick": 3.0, "render": 3.0}


@pytest.mark.slow
def test_plan_estimates_a_run_once_one_has_been_measured(plates, style, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    options = {"style": style, "keyframes": (1, 8)}
    planned = stylize.plan(plates, **options)
    assert planned.run_seconds is None
    assert "the time is unknown until a run with such settings" in list(plan_lines(planned))[-3]
    heard = []
    first = stylize.run(plates, **options, on_event=heard.append)
    progress = [event for event in heard if isinstance(event, StageProgress)]
    assert {event.run_seconds_left for event in progress if event.stage == "render"} == {None}
    assert next(event.stage for event in progress if (event.place, event.places) == (3, 4)) == "propagate"
    parts = [event.done + event.part for event in progress if event.stage == "render"]
    assert parts == sorted(parts)
    assert [part for part in parts if part % 1]
    few, many = (stylize.plan(plates, style=style, keyframes=keys) for keys in ((1,), (1, 4, 8)))
    assert 0 < few.run_seconds < many.run_seconds
    assert stylize.plan(plates, keyframes=(1,)).run_seconds == few.run_seconds  # a plan needs no reference
    assert "; about " in list(plan_lines(many))[-3]
    # The state changes no key and no frame.
    heard.clear()
    again = stylize.run(plates, **options, project=tmp_path / "again.stylize", on_event=heard.append)
    left = [event.run_seconds_left for event in heard if isinstance(event, StageProgress) and event.stage == "render"]
    assert left[0] > left[-1] > 0
    assert bits(again) == bits(first)


def bits(result):
    return {frame: hashlib.sha256(path.read_bytes()).hexdigest() for frame, path in result.frames.items()}


@pytest.mark.slow
def test_run_that_cannot_keep_its_speeds_succeeds(plates, style, tmp_path, monkeypatch):
    messages = []
    project = stylize.run(plates, style=style, keyframes=(1,), to_stage="render").project
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "file"))
    (tmp_path / "file").write_text("not a folder")
    result = stylize.run(
        plates, style=style, keyframes=(1,), project=project, on_event=lambda event: messages.append(str(event))
    )
    assert len(result.frames) == 8
    assert any(line.startswith("speeds are not kept for later estimates: ") for line in messages)
