"""The propagate stage: the same bits however it is distributed or interrupted; and reports of failures."""

import os
import re
import shutil
import signal
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.errors import MatteError, OutputError
from stylize.media.images import read_image, write_image
from stylize.spans import scheduler
from stylize.spans.span import SpanRun
from stylize.spans.span_job import FrameFinished
from tests import forbidden, forked_python, processes
from tests.sliding import folder_of, picture, scene

ROOT = Path(__file__).parents[2]
FRAMES, KEYS = 14, (1, 5, 9, 14)


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(FRAMES))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a function that gives the frames of an undisturbed run of so many frames, by name; each is made once."""

    @cache
    def made(count, numbers):
        folder = tmp_path_factory.mktemp("whole")
        plates = folder_of(folder / "plates", scene(count))
        return bits(
            stylize.run(plates, keys=painted_keys(folder / "keys", numbers), to_stage="propagate").project / "out"
        )

    return made


def painted_keys(folder, numbers):
    folder.mkdir()
    for number in numbers:
        write_image(folder / f"{number}.png", 255 - scene(FRAMES)[number - 1])
    return folder


@pytest.fixture
def keys(tmp_path):
    return painted_keys(tmp_path / "keys", KEYS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a function that gives a folder of plates, keys and their project, run up to a stage; made once for each.

    The folder has been moved, as a project stays that of a shot that exists.
    """

    @cache
    def run(stage):
        folder = tmp_path_factory.mktemp("made")
        plates = folder_of(folder / "here" / "plates", scene(FRAMES))
        stylize.run(plates, keys=painted_keys(folder / "here" / "keys", KEYS), to_stage=stage)
        return (folder / "here").rename(folder / stage)

    return run


@pytest.fixture
def rendered(made, tmp_path):
    """A project whose keys are rendered, beside its plates and keys."""
    shutil.copytree(made("render"), tmp_path, dirs_exist_ok=True)
    return tmp_path / "plates.stylize"


@pytest.fixture
def finished(made, tmp_path):
    """A finished project, beside its plates and keys."""
    shutil.copytree(made("export"), tmp_path, dirs_exist_ok=True)
    return tmp_path / "plates.stylize"


def bits(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def command(*words, **more):
    return forked_python.Program(["-m", "cli", *words, "--rate", "24"], **more)


# Several processes


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [KEYS, (1, FRAMES), (4,), (1, 3, 5, 7, 9, 11, 13)])
def test_bits_and_progress_do_not_depend_on_jobs(tmp_path, plates, numbers):
    keys = painted_keys(tmp_path / "keys", numbers)
    one_bar, other_bar = [], []
    one = stylize.run(
        plates, keys=keys, project=tmp_path / "one.stylize", on_progress=lambda *step: one_bar.append(step)
    )
    other = stylize.run(plates, keys=keys, project=tmp_path / "two.stylize", jobs=2, threads=2,
                        on_progress=lambda *step: other_bar.append(step))  # fmt: skip
    assert other.redone == one.redone == tuple(range(1, FRAMES + 1))
    assert bits(one.project / "out") == bits(other.project / "out")
    assert bits(one.project / "passes" / "error") == bits(other.project / "passes" / "error")
    assert one_bar == other_bar
    shares = ["mix"] if len(numbers) > 1 else []
    assert sorted(path.name for path in (other.project / "passes").iterdir()) == ["error", *shares]
    for name in shares:
        assert bits(one.project / "passes" / name) == bits(other.project / "passes" / name) != {}
    assert stylize.run(plates, keys=keys, project=other.project, jobs=2).redone == ()


@pytest.mark.slow
def test_spans_of_equal_contents_have_folders_of_their_own(monkeypatch, tmp_path):
    still = scene(1) * 5
    found = []
    original = scheduler.planned_spans

    def spy(*arguments):
        found.extend(original(*arguments))
        return found

    monkeypatch.setattr(scheduler, "planned_spans", spy)
    (tmp_path / "keys").mkdir()
    for number in (1, 3, 5):
        write_image(tmp_path / f"keys/{number}.png", 255 - still[0])
    stylize.run(folder_of(tmp_path / "plates", still), keys=tmp_path / "keys", on="ones")
    one, other = found
    assert one.key == other.key
    assert one.job.scratch != other.job.scratch
    assert one.frame_key(2) == other.frame_key(4)


@pytest.mark.slow
def test_threads_are_divided_among_processes(monkeypatch, plates, keys):
    seen = []
    prepare = scheduler.WorkerSetup

    def spy(make, payload, imports):
        seen.append(payload and payload.settings.threads)
        return prepare(make, payload, imports)

    monkeypatch.setattr(scheduler, "WorkerSetup", spy)
    stylize.run(plates, keys=keys, jobs=2, threads=5)
    stylize.run(plates, keys=keys, jobs=100, threads=5, boil=0.1)
    assert seen == [2, 1]  # three spans of two passes: six tasks, and each process gets at least one


@pytest.mark.slow
def test_one_task_uses_one_process(monkeypatch, tmp_path, plates):
    monkeypatch.setattr("multiprocessing.get_context", lambda kind: pytest.fail("started a process"))
    assert len(stylize.run(plates, keys=painted_keys(tmp_path / "keys", (1,)), jobs=4).redone) == FRAMES


@pytest.mark.parametrize("jobs", [1, 2])
def test_error_in_a_worker_is_the_same_single_line(tmp_path, plates, keys, jobs):
    mattes = tmp_path / "mattes"
    for number in range(1, FRAMES + 1):
        folder_of(mattes, [np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8)], number)
    corrupt = mattes / "plate.0007.png"
    data = bytearray(corrupt.read_bytes())
    data[1000:1100] = bytes(100)  # its header is intact, so that the error appears only when pixels are read
    corrupt.write_bytes(data)
    with pytest.raises(MatteError, match=r"^matte .*plate\.0007\.png: .*; copy or export it again$"):
        stylize.run(plates, keys=keys, matte=mattes, jobs=jobs)


@pytest.mark.slow
@pytest.mark.skipif(not processes.AVAILABLE, reason="needs /proc")
def test_killed_worker_is_reported_and_the_next_run_resumes(tmp_path, whole):
    # Long enough not to finish before the signal arrives.
    plates = folder_of(tmp_path / "long", scene(2 * FRAMES))
    keys = painted_keys(tmp_path / "keys", (1, FRAMES))
    project = tmp_path / "killed.stylize"
    run = command(plates, "--keys", keys, "--project", project, "--jobs", 2)
    while run.poll() is None and not list(project.glob("passes/*/*.state.npz")):
        time.sleep(0.001)
    for worker in processes.grandchildren(run.pid)[:1]:
        os.kill(worker, signal.SIGKILL)
    _, stderr = run.communicate(timeout=60)
    assert run.returncode == 1
    assert stderr.count("\n") == 1
    # The other worker may already be working while this one is still starting.
    assert "killed by signal 9" in stderr or "could not start (exit code -9)" in stderr
    assert "--jobs" in stderr
    again = stylize.run(plates, keys=keys, project=project, jobs=2)
    assert bits(again.project / "out") == whole(2 * FRAMES, (1, FRAMES))


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("mark", ["passes/*/*.state.npz", "state/span.*.jsonl"])
def test_interrupted_parallel_run_resumes_to_the_same_bits(tmp_path, whole, end, mark):
    # Long enough not to finish before the signal arrives.
    plates = folder_of(tmp_path / "long", scene(2 * FRAMES))
    keys = painted_keys(tmp_path / "keys", (1, FRAMES))
    project = tmp_path / "stopped.stylize"
    run = command(plates, "--keys", keys, "--project", project, "--jobs", 2, start_new_session=True)
    while run.poll() is None and not list(project.glob(mark)):
        time.sleep(0.005)
    # Like a terminal: the whole process group gets Ctrl-C.
    (os.killpg if end == signal.SIGINT else os.kill)(run.pid, end)
    _, stderr = run.communicate(timeout=60)
    if end == signal.SIGINT:
        assert run.returncode == 130
        assert stderr.count("\n") == 1
        assert "continues from here" in stderr
    assert all(read_image(path).shape for path in (project / "out").glob("[!.]*.png"))
    again = stylize.run(plates, keys=keys, project=project, jobs=1)
    assert bits(again.project / "out") == whole(2 * FRAMES, (1, FRAMES))
    assert not [path for path in (again.project / "out").iterdir() if path.name.startswith(".")]


# One process


@pytest.mark.slow
def test_frames_on_disk_are_reused_however_the_run_ended(monkeypatch, plates, keys, whole):
    def killed(stage, task, event):
        if isinstance(event, FrameFinished):
            raise KeyboardInterrupt  # the frame is on disk, but was not reported

    with monkeypatch.context() as patch:
        patch.setattr(scheduler._Progress, "event", killed)
        there = [4]
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                stylize.run(plates, keys=keys)
            # Writing overlaps with the next frame, so that one more may exist.
            there.append(len(bits(plates.with_name("plates.stylize") / "out")))
            assert there[-2] < there[-1] <= there[-2] + 2
    again = stylize.run(plates, keys=keys)
    assert len(again.redone) == FRAMES - there[-1]
    assert bits(again.project / "out") == whole(FRAMES, KEYS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["error", "mix"])
def test_damaged_maps_of_a_frame_are_regenerated(tmp_path, finished, name):
    damaged = sorted((finished / "passes" / name).iterdir())[5]
    was = damaged.read_bytes()
    damaged.write_bytes(b"")
    again = stylize.run(tmp_path / "plates", keys=tmp_path / "keys")
    assert len(again.redone) == 1
    assert damaged.read_bytes() == was


@pytest.mark.slow
def test_maps_match_their_frame_after_an_interruption(monkeypatch, tmp_path, plates):
    keys = painted_keys(tmp_path / "mine", (1, FRAMES))
    first = stylize.run(plates, keys=keys)
    maps, key = bits(first.project / "passes" / "error"), first.frames[FRAMES]
    target = keys / f"{FRAMES}.png"
    kept = target.read_bytes()
    write_image(target, np.full((*read_image(target).shape[:2], 3), 90, np.uint8))

    def full(path, pixels, **more):
        if path.parent.name == "out" and path.name != key.name:
            raise OutputError("no room")
        return write_image(path, pixels, **more)

    with monkeypatch.context() as patch:
        patch.setattr("stylize.spans.frame_files.write_image", full)
        with pytest.raises(OutputError):
            stylize.run(plates, keys=keys)
    target.write_bytes(kept)
    stylize.run(plates, keys=keys)
    assert bits(first.project / "passes" / "error") == maps


@pytest.mark.slow
@pytest.mark.usefixtures("finished")
def test_held_frame_shows_its_key_whatever_existed_before(tmp_path):
    plates, keys = tmp_path / "plates", tmp_path / "keys"
    held = stylize.run(plates, keys=keys, on="twos", export=("passes",))
    fresh = stylize.run(plates, keys=keys, on="twos", export=("passes",), project=plates.with_name("fresh.stylize"))
    assert bits(held.project / "passes" / "mix") == bits(fresh.project / "passes" / "mix")
    second = read_image(sorted((held.project / "passes" / "mix").iterdir())[0])
    assert not second.any()


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("limit", [6, 60])
@pytest.mark.usefixtures("rendered")
def test_full_disk_is_reported_in_one_line_and_keeps_finished_work(tmp_path, whole, jobs, limit):
    plates, keys = tmp_path / "plates", tmp_path / "keys"
    words = (plates, "--keys", keys, "--jobs", jobs, "--rate", 24)
    # First, so that the kernels are compiled and cached before files are limited in size.
    expected = whole(FRAMES, KEYS)
    # Not traced: the file of the measured coverage would be too large as well.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    # A limit on file size fails like a full disk: in the middle of writing.
    before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit * 1024}, {limit * 1024}))"
    full = forked_python.run(["-m", "cli", *words], env=env, before=before)
    assert full.returncode == 1
    assert full.stderr.count("\n") == 1
    assert "cannot be written" in full.stderr
    assert "free" in full.stderr
    again = stylize.run(plates, keys=keys)
    assert bits(again.project / "out") == expected


@pytest.mark.slow
@forbidden.needs_permissions
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("out", r"out/plate\.0001\.png cannot be written: .*/out does not allow it; fix its permissions"),
        ("passes", r"passes/\w+: the folder cannot be created \(Permission denied\)"),
        ("flow", r"flow/plate\.0\d+-0\d+\.flow cannot be written: .*/flow does not allow it; fix its permissions"),
    ],
)
def test_unwritable_folder_is_reported(tmp_path, rendered, folder, message, jobs):
    plates, keys = tmp_path / "plates", tmp_path / "keys"
    for path in (rendered / "flow").iterdir():
        path.unlink()
    (rendered / folder).chmod(0o500)
    try:
        run = forbidden.python("-m", "cli", plates, "--keys", keys, "--jobs", jobs, "--rate", "24")
    finally:
        (rendered / folder).chmod(0o700)
    assert run.returncode == 1, run.stderr
    assert run.stderr.count("\n") == 1
    assert re.search(message, run.stderr), run.stderr
    assert "space" not in run.stderr
    assert len(stylize.run(plates, keys=keys).redone) in (FRAMES, FRAMES - 4)  # the keys may exist


# Drawings


def look_of_every_frame(result):
    return {frame: read_image(path) for frame, path in result.frames.items()}


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_on_twos_drawings_are_held_and_keys_appear_at_their_frames(tmp_path, plates, jobs):
    keys = painted_keys(tmp_path / "keys", (1, 6))
    passed = []
    result = stylize.run(plates, keys=keys, on="twos", jobs=jobs, threads=2,
                         on_progress=lambda stage, done, total: passed.append((stage, total)))  # fmt: skip
    found = look_of_every_frame(result)
    assert len(found) == FRAMES
    shown = {1: 1, 2: 1, 3: 3, 4: 3, 5: 5, 6: 6, 7: 7, 8: 7, 9: 9, 10: 9, 11: 11, 12: 11, 13: 13, 14: 13}
    for frame, drawing in shown.items():
        np.testing.assert_array_equal(found[frame], found[drawing])
    assert all((found[3] != found[n]).any() for n in (1, 5, 6))
    np.testing.assert_array_equal(found[6], 255 - scene(FRAMES)[5])
    assert ("propagate", 2 + 2 * 2 + 4) in passed  # two keys; 3 and 5 twice; 7, 9, 11, 13
    calm = look_of_every_frame(stylize.run(plates, keys=keys, project=tmp_path / "ones.stylize"))
    apart = np.abs(found[9].astype(int) - calm[9]).mean()
    assert apart < 3  # drawn with a leap of two frames, it is almost the same as on ones


@pytest.mark.slow
def test_drawings_count_from_the_first_frame_of_each_shot(tmp_path):
    folder = folder_of(tmp_path / "two", [*scene(5), *[p // 8 for p in scene(5, seed=8)]])
    write_image(tmp_path / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    result = stylize.run(folder, style=tmp_path / "ref.png", on="threes", max_keyframes=1)
    found = look_of_every_frame(result)
    assert [shot.frames[0] for shot in result.shots] == [1, 6]
    for frame, drawing in {2: 1, 3: 1, 5: 4, 7: 6, 8: 6, 10: 9}.items():
        np.testing.assert_array_equal(found[frame], found[drawing])
    assert (found[6] != found[5]).any()


@pytest.mark.slow
def test_changed_pace_or_boil_regenerates_frames(tmp_path, plates):
    keys = painted_keys(tmp_path / "keys", (1, FRAMES))
    first = stylize.run(plates, keys=keys)
    before = bits(first.project / "out")
    assert len(stylize.run(plates, keys=keys, on="twos").redone) == FRAMES - 2
    boiled = stylize.run(plates, keys=keys, on="twos", boil=0.4)
    assert len(boiled.redone) == FRAMES
    found = look_of_every_frame(boiled)
    np.testing.assert_array_equal(found[3], found[4])
    assert len({found[frame].tobytes() for frame in range(1, FRAMES, 2)}) == FRAMES // 2
    assert stylize.run(plates, keys=keys, on="twos", boil=0.4).redone == ()
    assert len(stylize.run(plates, keys=keys, on="twos", boil=0.4, seed=2).redone) == FRAMES
    assert bits(stylize.run(plates, keys=keys, boil=0).project / "out") == before


@pytest.mark.slow
def test_boil_changes_neither_the_outside_of_the_matte_nor_still_keys(tmp_path, plates):
    keys = painted_keys(tmp_path / "keys", (1,))
    matte = picture(0)
    matte[10:20, 20:40] = 255
    write_image(tmp_path / "matte.png", matte)
    for frame, found in look_of_every_frame(
        stylize.run(plates, keys=keys, boil=1, matte=tmp_path / "matte.png")
    ).items():
        np.testing.assert_array_equal(found[matte == 0], scene(FRAMES)[frame - 1][matte == 0])


def test_part_that_cannot_be_made_is_an_error(monkeypatch, plates, keys):
    monkeypatch.setattr(SpanRun, "run", lambda _: iter(()))
    with pytest.raises(OutputError, match="frame 2 could not be made"):
        stylize.run(plates, keys=keys)
