"""Faults in the life of a project: kills, a full disk, and links in the place of its folders.

The user's files never change, and the same command, run again, ends with the bits of an undisturbed life. By default a
few faults are drawn, the same in every run. For a long run, with the counts:

    STYLIZE_FAULTS=200 python -m pytest tests/faults --log-cli-level=info

STYLIZE_FAULTS_SEED draws others. ``-m "not slow"`` leaves these tests out.
"""

import logging
import os
import random
import re
import shutil
from pathlib import Path

import pytest

from tests.faults.life import (
    KILLED,
    PROJECT,
    RESULTS,
    STEPS,
    Disturbed,
    Ran,
    Step,
    Whole,
    command,
    live,
    prepare,
)

FAULTS, SEED = int(os.environ.get("STYLIZE_FAULTS", "6")), int(os.environ.get("STYLIZE_FAULTS_SEED", "1"))
# Faults in one step, one after the other, before it may complete.
TRIES = 1 if FAULTS < 20 else 5
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + 60 * FAULTS)]
_LOG = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def undisturbed_life(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    template = tmp_path_factory.mktemp("faults") / "template"
    template.mkdir()
    prepare(template)
    return live(template)


def temporary_files(folder: Path) -> list[str]:
    """List the remaining temporary files."""
    return [str(path) for path in folder.rglob("*") if "partial" in path.name or path.name.startswith(".stylize")]


def everything(folder: Path) -> dict[Path, bytes | None]:
    """Return the contents of all files, and None for folders."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_command_resumes_to_the_same_bits(undisturbed_life: Whole, jobs: int) -> None:
    draw = random.Random(10 * SEED + jobs)
    lives = Disturbed(undisturbed_life)

    def kill(folder: Path, step: Step, count: int) -> Ran:
        words = (*step.words, *(("--jobs", str(jobs)) if jobs > 1 and step.words[0] != "clean" else ()))
        if draw.random() < 0.2:
            return command(folder, *words, seconds=draw.uniform(0.3, 3))
        moment = f"{draw.choice(('kill', 'killed'))}:{draw.randint(1, count)}"
        ran = command(folder, *words, fault=moment)
        # A run whose worker process is killed ends with an error.
        assert ran.fault is None or ran.code == KILLED or (ran.code == 1 and jobs > 1), ran
        return ran

    while len(lives.faults) < FAULTS // 2:
        lives.assert_recovers(kill, TRIES)
        _LOG.info("%d kills, %d steps resumed to the same bits", len(lives.faults), lives.resumed)


def test_full_disk_at_any_write_leaves_no_partial_file(undisturbed_life: Whole) -> None:
    draw = random.Random(10 * SEED + 3)
    lives = Disturbed(undisturbed_life)

    def fill(folder: Path, step: Step, count: int) -> Ran:
        ran = command(folder, *step.words, fault=f"full:{draw.randint(1, count)}")
        if ran.fault is not None:
            assert ran.code == 1, ran
            assert ran.stderr.count("\n") == 1, ran
            assert re.search("the disk is full|No space left on device", ran.stderr), ran
            assert "permissions" not in ran.stderr, ran
            assert temporary_files(folder) == [], ran
        return ran

    while len(lives.faults) < FAULTS:
        lives.assert_recovers(fill, TRIES)
        _LOG.info("%d full disks, %d steps resumed to the same bits", len(lives.faults), lives.resumed)


@pytest.fixture(scope="module")
def finished_project(undisturbed_life: Whole) -> Path:
    """A completed project."""
    folder = undisturbed_life.begin()
    STEPS[0].user(folder)
    assert command(folder, *STEPS[0].words).code == 0
    return folder.rename(folder.with_name("finished"))


# Folders that a run makes in the project, a few at each depth.
LINKED = (
    "video", "keys", "plan", "mask", "mask/layers", "guides", "flow", "out", "passes", "passes/error", "export",
    "state", "layers", "layers/front", "layers/front/keys", "layers/front/plan", "layers/front/out",
    "layers/front/passes", "layers/front/passes/error", "layers/front/passes/mix",
    "layers/front/passes/look", "layers/front/state",
)  # fmt: skip
# A run with work to do, and other commands that write or remove.
COMMANDS = {
    "run": (*STEPS[0].words, "--seed", "7", "--overwrite"),
    "clean": ("clean", PROJECT, "--results"),
    "matte": ("matte", "shot.mp4", "--luma", "0.2:0.5", "-o", f"{RESULTS}/m/", "--overwrite"),
    "report": ("report", PROJECT),
}


def test_list_of_folders_is_complete(finished_project: Path) -> None:
    made = {
        path.relative_to(finished_project / PROJECT)
        for path in (finished_project / PROJECT).rglob("*")
        if path.is_dir()
    }
    assert {str(path).replace("layers/back", "layers/front") for path in made} == set(LINKED)


@pytest.mark.parametrize("name", LINKED if FAULTS > 20 else LINKED[SEED % 4 :: 4])
@pytest.mark.parametrize("kind", COMMANDS if FAULTS > 20 else ("run", "clean"))
def test_folders_that_are_links_are_not_followed(
    undisturbed_life: Whole, finished_project: Path, name: str, kind: str
) -> None:
    """A folder of the user's holds files with the names and the bytes of ours."""
    folder, mine = finished_project.with_name("life"), finished_project.with_name("elsewhere")
    for path in (folder, mine):
        shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(finished_project, folder)
    shutil.move(folder / PROJECT / name, mine)
    files = sorted(path for path in mine.rglob("*") if path.is_file())
    for path in files[::2]:
        path.write_bytes(b"mine")
    (mine / "notes.txt").write_bytes(b"mine")
    (folder / PROJECT / name).symlink_to(mine)
    before = everything(mine)
    ran = command(folder, *COMMANDS[kind])
    assert everything(mine) == before
    assert (folder / PROJECT / name).is_symlink()
    assert ran.code in (0, 1), ran
    assert ran.stderr.count("\n") == ran.code, ran
    assert ran.code == 0 or "is a symbolic link" in ran.stderr, ran
