"""``--log-json``, the estimate of disk space, and ``--version``: what pipelines ask of a run."""

import json
import platform
import re
import subprocess
import sys
from importlib.metadata import version

import stylize
from stylize.media.shot import open_shot
from stylize.preflight import DiskEstimate, estimate_disk
from stylize.settings import Settings, looks_of
from stylize.stages import STAGES
from tests.command.words import command


def events(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def named(found, event):
    return [one for one in found if one["event"] == event]


def test_the_log_has_every_stage_task_and_frame(movie, style, tmp_path):
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


def test_the_log_of_several_processes_names_the_passes_and_every_frame_once(movie, style, tmp_path):
    log = tmp_path / "events.jsonl"
    command(movie, "--style", style, "--keyframes", "1,8", "--jobs", 2, "--log-json", log)
    assert sorted(one["frame"] for one in named(events(log), "frame")) == list(range(1, 9))
    tasks = {one["id"] for one in named(events(log), "task")}
    assert {"span:0002:forward", "span:0002:backward", "span:0002:blend:0"} <= tasks


def test_the_log_ends_with_the_error(movie, tmp_path):
    log = tmp_path / "events.jsonl"
    assert command(movie, "--style", tmp_path / "none.png", "--log-json", log, check=False).returncode == 1
    assert "none.png" in events(log)[-1]["error"]


def test_a_log_that_cannot_be_written_is_told(movie, style, tmp_path):
    told = command(movie, "--style", style, "--log-json", tmp_path, check=False)
    assert told.returncode == 1
    assert "it is a folder; choose another --log-json" in told.stderr
    assert told.stderr.count("\n") == 1


def test_the_version_names_what_determines_the_pixels_and_loads_nothing_heavy():
    told = command("--version").stdout.splitlines()
    assert re.fullmatch(r"stylize, version \d+\.\d+\.\d+", told[0])
    assert all(f"{name} {stage.version}" in told[1] for name, stage in STAGES.items())
    assert all(f"{name} {version(name)}" in told[2] for name in ("av", "numba", "numpy", "opencv-python-headless"))
    assert "pytest" not in told[2]
    assert platform.python_version() in told[3]
    code = (
        "import sys, cli\ntry:\n cli.main(['--version'])\nexcept SystemExit:\n pass\n"
        "heavy = {'numpy', 'cv2', 'numba', 'av', 'torch', 'scipy'} & sys.modules.keys()\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_estimate_of_disk_is_near_what_a_run_takes(movie, style):
    settings = Settings(style=style, keyframes="1,8")
    estimate = estimate_disk(open_shot(movie), settings, looks_of(settings), movie.with_name("shot.stylize"))
    project = stylize.run(movie, style=style, keyframes="1,8").project
    taken = sum(path.stat().st_size for path in project.rglob("*.*") if path.name != "contact_sheet.png")
    assert taken / 2 < estimate.needed < 4 * taken


def test_a_disk_that_is_too_small_is_told_before_the_work(movie, style, monkeypatch):
    monkeypatch.setattr("stylize.preflight.estimate_disk", lambda *_: DiskEstimate(5 * 10**9, 10**6))
    told = []
    stylize.run(movie, style=style, keyframes="1", to_stage="conform", on_message=told.append)
    assert any("warning: this run needs about 5.0 GB of disk, 1 MB are free" in line for line in told)


def test_a_log_never_damages_another_file(movie, style, tmp_path):
    for path in (movie, style):
        before = path.read_bytes()
        told = command(movie, "--style", style, "--log-json", path, check=False)
        assert (told.returncode, told.stderr.count("\n")) == (1, 1)
        assert "is not a log of stylize" in told.stderr
        assert path.read_bytes() == before
    told = command(movie, "--style", style, "--log-json", tmp_path / "none/log.jsonl", check=False)
    assert "there is no folder" in told.stderr


def test_a_log_goes_on_after_a_line_that_a_kill_left_unfinished(movie, style, tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"time": "2026-')
    command(movie, "--style", style, "--keyframes", "1", "--to", "render", "--log-json", path)
    events = [json.loads(line)["event"] for line in path.read_text().splitlines()[1:]]
    assert (events[0], events[-1]) == ("start", "end")
