"""Events of a run: each sent once, in order, with the time left; a run can be cancelled between any two of them."""

import hashlib
import threading

import numpy as np
import pytest

import stylize
from stylize import events
from stylize.errors import CancelledError, StyleError
from stylize.events import FrameFinished, KeyRendered, Message, StageProgress, TaskDone, TaskStarted
from stylize.media.images import write_image
from stylize.reporter import Reporter, make_reporter
from tests.sliding import SIZE, folder_of, picture, scene


def bits(result):
    return {frame: hashlib.sha256(path.read_bytes()).hexdigest() for frame, path in result.frames.items()}


def left_half(path):
    """Write a matte that is white in its left half, and return its path."""
    matte = picture(0)
    matte[:, : SIZE[0] // 2] = 255
    write_image(path, matte)
    return path


def of(kind, heard):
    return [event for event in heard if isinstance(event, kind)]


@pytest.mark.slow
def test_run_sends_stages_tasks_keys_and_frames(plates, style):
    heard = []
    result = stylize.run(plates, style=style, keyframes=(1, 5, 8), on_event=heard.append)
    assert {type(event) for event in heard} <= set(stylize.Event.__args__)
    stages = list(dict.fromkeys(event.stage for event in of(StageProgress, heard)))
    assert stages == ["split", "render", "propagate", "export"]
    for stage in stages:
        steps = [event for event in of(StageProgress, heard) if event.stage == stage]
        assert steps[-1].done == steps[-1].total
        assert steps[-1].seconds_left == 0
    assert [(event.frame, event.path) for event in of(KeyRendered, heard)] == [
        (frame, result.project / "keys" / f"plate.{frame:04d}.png") for frame in (1, 5, 8)
    ]
    finished = of(FrameFinished, heard)
    assert sorted(event.frame for event in finished) == list(range(1, 9))
    assert {event.frame: event.path for event in finished} == dict(result.frames)
    started, done = [event.id for event in of(TaskStarted, heard)], [event.id for event in of(TaskDone, heard)]
    assert sorted(started) == sorted(done)
    assert {"plan", "keys:0001", "span:0002", "span:0006", "delivery"} == set(started)
    again = []
    stylize.run(plates, style=style, keyframes=(1, 5, 8), on_event=again.append)
    assert not of(KeyRendered, again)
    assert not of(FrameFinished, again)


@pytest.mark.slow
def test_events_name_their_layer_and_the_composite_comes_last(tmp_path, plates):
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "1.png", picture(200))
    below, above = ({"name": name, "keys": tmp_path / "keys"} for name in ("all", "left"))
    above["matte"] = left_half(tmp_path / "left.png")
    heard = []
    result = stylize.run(plates, layers=[below, above], on_event=heard.append)
    finished = of(FrameFinished, heard)
    by_layer = {layer: [one.frame for one in finished if one.layer == layer] for layer in ("all", "left", "")}
    assert all(sorted(frames) == list(range(1, 9)) for frames in by_layer.values())
    assert [one.layer for one in finished][-8:] == [""] * 8
    assert {one.frame: one.path for one in finished if not one.layer} == dict(result.frames)
    labels = {one.label for one in of(StageProgress, heard)}
    assert {"propagate all", "propagate left", "layers", "export"} <= labels


@pytest.mark.slow
def test_value_callbacks_get_the_same_progress(plates, style):
    heard, steps, lines = [], [], []
    stylize.run(
        plates, style=style, keyframes=(1,), frames="1-4", on_event=heard.append,
        on_progress=lambda *step: steps.append(step), on_message=lines.append, output=f"{plates.parent}/o/",
    )  # fmt: skip
    assert steps == [(event.label, event.done, event.total) for event in of(StageProgress, heard)]
    assert lines == [str(event) for event in of(Message, heard)]


def test_message_is_a_warning_by_its_first_word():
    assert events.read_message("warning: lost") == Message("lost", is_warning=True)
    assert str(events.read_message("warning: lost", "left")) == "warning: layer left: lost"
    assert str(Message("kept", "left")) == "layer left: kept"


def test_exception_in_a_callback_ends_the_run(plates, style):
    def fail(event):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        stylize.run(plates, style=style, on_event=fail)


# Cancellation


@pytest.fixture(scope="module")
def shot(tmp_path_factory):
    return folder_of(tmp_path_factory.mktemp("cancel") / "shot", scene(14))


@pytest.fixture(scope="module")
def run_options(shot):
    """Options of a run of the shot."""
    write_image(shot.parent / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    return {"style": shot.parent / "ref.png", "keyframes": (1, 7, 14)}


@pytest.fixture(scope="module")
def undisturbed_bits(shot, run_options):
    """Bits of a run that was not cancelled."""
    return bits(stylize.run(shot, **run_options, project=shot.parent / "whole.stylize"))


class Cancel:
    """Cancels at the nth event of a kind, and counts the events received afterwards."""

    def __init__(self, kind, count, stage=None):
        self.kind, self.left, self.stage, self.after = kind, count, stage, []
        self.flag = threading.Event()

    def __call__(self, event):
        if self.flag.is_set():
            self.after.append(event)
        elif isinstance(event, self.kind) and self.stage in (None, getattr(event, "stage", None)):
            self.left -= 1
            if not self.left:
                self.flag.set()


STOPS = [
    (StageProgress, 3, "split"), (StageProgress, 2, "render"), (KeyRendered, 1, None), (FrameFinished, 4, None),
    (StageProgress, 6, "propagate"), (StageProgress, 4, "export"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("stop", "jobs"), [*((stop, 1) for stop in STOPS), ((FrameFinished, 4, None), 2)])
def test_cancelled_run_ends_at_once_and_resumes_to_the_same_bits(
    tmp_path, shot, run_options, undisturbed_bits, stop, jobs
):
    run_options = {**run_options, "jobs": jobs}
    cancel = Cancel(*stop)
    with pytest.raises(CancelledError, match="finished work is kept"):
        stylize.run(shot, **run_options, project=tmp_path / "part.stylize", on_event=cancel, cancel=cancel.flag)
    assert cancel.after == []
    rest = stylize.run(shot, **run_options, project=tmp_path / "part.stylize")
    assert bits(rest) == undisturbed_bits
    if stop[0] is KeyRendered:
        assert rest.rendered == (7, 14)
    if stop[0] is FrameFinished:
        assert 1 <= len(rest.redone) <= 14 - 3


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_cancel_reaches_a_run_that_waits_for_workers(tmp_path, shot, run_options, monkeypatch, jobs):
    flag = threading.Event()

    def wait(setup, tasks, count, on_event, on_done, on_start, poll):
        assert count == jobs
        poll()
        flag.set()
        poll()

    monkeypatch.setattr("stylize.spans.scheduler.run_tasks", wait)
    with pytest.raises(CancelledError):
        stylize.run(shot, **run_options, jobs=jobs, project=tmp_path / "part.stylize", cancel=flag)


def test_callable_can_cancel_before_any_work(plates, style):
    with pytest.raises(CancelledError):
        stylize.run(plates, style=style, cancel=lambda: True)
    assert not (plates.parent / "plates.stylize").exists()
    with pytest.raises(CancelledError):
        stylize.make_mattes(plates, luma="0.2:0.5", output=plates.parent / "m", cancel=lambda: True)
    with pytest.raises(StyleError):
        stylize.run(plates, style="none.png", cancel=lambda: False)


@pytest.mark.slow
def test_key_can_be_cancelled_while_rendering(plates, style):
    from stylize.renderers.example import ExampleRenderer

    heard, painting = [], threading.Event()
    render = ExampleRenderer.render

    def watched(self, request, on_step):
        painting.set()
        return render(self, request, on_step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExampleRenderer, "render", watched)
        with pytest.raises(CancelledError):
            stylize.run(plates, style=style, keyframes=(1, 8), on_event=heard.append, cancel=painting)
    assert painting.is_set()
    assert not of(KeyRendered, heard)
    assert not list((plates.parent / "plates.stylize" / "keys").glob("*.png"))


@pytest.mark.slow
@pytest.mark.parametrize("call", ["plan", "report", "make_mattes"])
def test_other_functions_can_be_cancelled(call, plates, style, tmp_path):
    if call == "report":
        stylize.run(plates, style=style, keyframes=(1,))
    arguments = {
        "plan": ((plates,), {"style": style, "max_keyframes": 2, "project": tmp_path / "other.stylize"}, "pick"),
        "report": ((plates.with_name("plates.stylize"),), {}, "report"),
        "make_mattes": ((plates,), {"luma": "0.2:0.5", "output": tmp_path / "m"}, "matte"),
    }
    given, options, stage = arguments[call]
    cancel = Cancel(StageProgress, 2, stage)
    with pytest.raises(CancelledError):
        getattr(stylize, call)(*given, **options, on_event=cancel, cancel=cancel.flag)
    assert cancel.flag.is_set()
    assert cancel.after == []
    getattr(stylize, call)(*given, **options)


@pytest.mark.slow
def test_cancelled_layer_is_not_reported_as_its_error(tmp_path, plates, style):
    cancel = Cancel(StageProgress, 1, "render")
    with pytest.raises(CancelledError, match=r"^cancelled; "):
        stylize.run(plates, layers=[{"name": "a", "style": style}], on_event=cancel, cancel=cancel.flag)


def test_reporter_forwards_events_in_order():
    heard = []
    reporter = make_reporter(lambda event: heard.append("mine")).also_to(lambda event: heard.append("log"))
    reporter.message("x")
    assert heard == ["log", "mine"]
    with pytest.raises(CancelledError):
        Reporter(is_cancelled=lambda: True).check()


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [("ebsynth", "passes"), ("matte", "foreground")])
def test_delivery_can_be_cancelled_between_two_frames(tmp_path, shot, run_options, kinds):
    run_options = {
        **run_options,
        "keyframes": (1,),
        "frames": "1-6",
        "output": tmp_path / "out",
        "project": tmp_path / "p.stylize",
    }
    if "matte" in kinds:
        run_options["matte"] = left_half(tmp_path / "matte.png")
    stylize.run(shot, **run_options)
    for kind in kinds:
        before = set(tmp_path.rglob("*.*"))

        def added(before=before):
            return {path for path in set(tmp_path.rglob("*.*")) - before if path.suffix in (".png", ".exr")}

        with pytest.raises(CancelledError):
            stylize.run(shot, **run_options, export=kind, cancel=lambda added=added: bool(added()))
        part = len(added())
        stylize.run(shot, **run_options, export=kind)
        assert 1 <= part < len(added())
