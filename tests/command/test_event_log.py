"""``--log-json``, the estimate of disk space, and ``--version``, as pipelines use them."""

import json
import platform
import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import stylize
from stylize.media.opening import open_shot
from stylize.preflight import DiskEstimate, estimate_disk
from stylize.settings import Settings, looks_of
from stylize.stages import STAGES
from tests.command.words import command


def events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def named(found, event):
    return [one for one in found if one["event"] == event]


@pytest.mark.slow
def test_log_has_every_stage_task_and_frame(movie, style, tmp_path):
    log = tmp_path / "events.jsonl"
    words = (movie, "--style", style, "--keyframes", "1,5,8", "--log-json", log)
    command(*words)
    found = events(log)
    assert all({"time", "seconds", "event"} <= one.keys() for one in found)
    assert [one["seconds"] for one in found] == sorted(one["seconds"] for one in found)
    assert (found[0]["event"], found[-1]["event"]) == ("start", "end")
    assert found[0]["versions"].keys() >= STAGES.keys()
    assert found[-1]["error"] is None
    assert {one["name"] for one in named(found, "stage")} >= {"conform", "render", "propagate", "export"}
    started, done = (
        {one["id"] for one in named(found, "task") if one["state"] == state} for state in ("started", "done")
    )
    assert started == done >= {"plan", "keys:0001", "span:0002", "span:0006", "delivery"}
    assert sorted(one["frame"] for one in named(found, "frame")) == list(range(1, 9))
    assert 0 < named(found, "disk")[0]["needed"] < named(found, "disk")[0]["free"]
    command(*words)
    assert len(named(events(log), "start")) == 2


@pytest.mark.slow
def test_log_of_parallel_run_names_passes_and_each_frame_once(movie, style, tmp_path):
    log = tmp_path / "events.jsonl"
    command(movie, "--style", style, "--keyframes", "1,8", "--jobs", 2, "--log-json", log)
    assert sorted(one["frame"] for one in named(events(log), "frame")) == list(range(1, 9))
    tasks = {one["id"] for one in named(events(log), "task")}
    assert {"span:0002:forward", "span:0002:backward", "span:0002:blend:0"} <= tasks


@pytest.mark.slow
def test_log_ends_with_the_error(movie, tmp_path):
    log = tmp_path / "events.jsonl"
    assert command(movie, "--style", tmp_path / "none.png", "--log-json", log, check=False).returncode == 1
    assert "none.png" in events(log)[-1]["error"]


@pytest.mark.slow
def test_unwritable_log_is_an_error(movie, style, tmp_path):
    done = command(movie, "--style", style, "--log-json", tmp_path, check=False)
    assert done.returncode == 1
    assert "it is a folder; choose another --log-json" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_version_lists_stages_and_libraries_without_heavy_imports():
    done = command("--version").stdout.splitlines()
    assert re.fullmatch(r"stylize, version \d+\.\d+\.\d+", done[0])
    assert all(f"{name} {stage.version}" in done[1] for name, stage in STAGES.items())
    assert all(f"{name} {version(name)}" in done[2] for name in ("av", "numba", "numpy", "opencv-python-headless"))
    assert "pytest" not in done[2]
    assert platform.python_version() in done[3]
    code = (
        "import sys, cli\ntry:\n cli.main(['--version'])\nexcept SystemExit:\n pass\n"
        "heavy = {'numpy', 'cv2', 'numba', 'av', 'torch', 'scipy'} & sys.modules.keys()\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_disk_estimate_is_close_to_actual_use(movie, style):
    settings = Settings(style=style, keyframes="1,8")
    estimate = estimate_disk(open_shot(movie), settings, looks_of(settings), movie.with_name("shot.stylize"))
    project = stylize.run(movie, style=style, keyframes="1,8").project
    taken = sum(path.stat().st_size for path in project.rglob("*.*") if path.name != "contact_sheet.png")
    assert taken / 2 < estimate.needed < 4 * taken


@pytest.mark.slow
def test_too_small_disk_is_reported_before_the_work(movie, style, monkeypatch):
    monkeypatch.setattr("stylize.preflight.estimate_disk", lambda *_: DiskEstimate(5 * 10**9, 10**6))
    messages = []
    stylize.run(movie, style=style, keyframes="1", to_stage="conform", on_message=messages.append)
    assert any("warning: this run needs about 5.0 GB of disk space, 1 MB are free" in line for line in messages)


@pytest.mark.slow
def test_log_does_not_overwrite_another_file(movie, style, tmp_path):
    for path in (movie, style):
        before = path.read_bytes()
        done = command(movie, "--style", style, "--log-json", path, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "is not a log of stylize" in done.stderr
        assert path.read_bytes() == before
    done = command(movie, "--style", style, "--log-json", tmp_path / "none/log.jsonl", check=False)
    assert "does not exist" in done.stderr


@pytest.mark.slow
def test_log_continues_after_a_truncated_line(movie, style, tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"time": "2026-')
    command(movie, "--style", style, "--keyframes", "1", "--to", "render", "--log-json", path)
    events = [json.loads(line)["event"] for line in path.read_text().splitlines()[1:]]
    assert (events[0], events[-1]) == ("start", "end")
