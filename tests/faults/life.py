"""The life of a small project, as processes of the command: arguments, the user's edits in between, and the results."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from propagate.arrays import Bytes
from stylize.media.images import read_image, write_image
from tests import forked_python
from tests.clips import write_movie

ROOT, HOOK = Path(__file__).parents[2], Path(__file__).parent / "hook"
SIZE, FRAMES = (64, 36), 5
PROJECT, RESULTS = "shot.stylize", "results"
# Parts of a project that record when and how work was done.
_HISTORY = ("state", "project.lock")
KILLED = -9


@dataclass(frozen=True)
class Step:
    """One command in the life of a project.

    user: applies the user's edits first; returns the files that must be kept.
    """

    name: str
    words: tuple[str, ...]
    user: Callable[[Path], dict[str, bytes]]


@dataclass(frozen=True)
class Ran:
    """A finished process.

    fault: the operation at which the fault happened; None without one.
    """

    code: int
    stderr: str
    fault: str | None


def _put(folder: Path, *names: str) -> dict[str, bytes]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"mine: {name}".encode())
    return {name: (folder / name).read_bytes() for name in names}


def _begin(folder: Path) -> dict[str, bytes]:
    return _put(folder, "notes.txt", f"{RESULTS}/notes.txt", f"{RESULTS}/shot.0001.png", f"{RESULTS}/shot.mov",
                f"{PROJECT}/layers/front/keys/notes.txt")  # fmt: skip


def _repaint(folder: Path) -> dict[str, bytes]:
    """Paint a key in the middle, retouch frames of the result and of a layer, and leave files in folders."""
    painted = ("layers/front/keys/shot.0003.png", "out/shot.0002.png", "layers/front/out/shot.0004.png")
    for name in painted:
        write_image(folder / PROJECT / name, 255 - read_image(folder / PROJECT / "video" / Path(name).name))
    mine = (*painted, *_put(folder / PROJECT, "flow/mine.flow", "passes/mine/a.png", "out/notes.txt", "export/a.mp4"))
    return {f"{PROJECT}/{name}": (folder / PROJECT / name).read_bytes() for name in mine}


def _rest(folder: Path) -> dict[str, bytes]:
    return {}


_LAYERS = ("--layer", "name=back,style=style.png,matte=back,keyframes=1",
           "--layer", "name=front,style=style.png,matte=front,keyframes=1,5")  # fmt: skip
STEPS = (
    Step("make", ("shot.mp4", *_LAYERS, "--export", "passes,nuke", "-o", f"{RESULTS}/shot.mp4"), _begin),
    Step("repaint", (PROJECT, "--export", "passes,otio"), _repaint),
    Step("clean", ("clean", PROJECT, "--results"), _rest),
    Step("make again", (PROJECT,), _rest),
)


def prepare(folder: Path) -> None:
    """Write a movie, a reference and the mattes of two layers into a folder."""
    draw = np.random.default_rng(1)
    width, height = SIZE
    texture = cv2.resize(
        draw.integers(0, 255, (12, 24, 3)).astype(np.uint8), (width + 2 * FRAMES, height), interpolation=cv2.INTER_CUBIC
    )
    write_movie(folder / "shot.mp4", [np.ascontiguousarray(texture[:, 2 * n : 2 * n + width]) for n in range(FRAMES)])
    write_image(folder / "style.png", draw.integers(0, 255, (40, 50, 3)).astype(np.uint8))
    for name in ("back", "front"):
        (folder / name).mkdir()
        for n in range(FRAMES):
            write_image(folder / name / f"m.{n + 1:04d}.png", _matte(name, n))


def _matte(name: str, n: int) -> Bytes:
    matte = np.zeros(SIZE[::-1], np.uint8)
    if name == "back":
        matte[:, :50] = 255
    else:
        matte[8:28, 30 - 2 * n : 54 - 2 * n] = 255
    return matte


def command(folder: Path, *words: str, fault: str = "", seconds: float | None = None) -> Ran:
    """Run the command in a folder. fault: see the hook. seconds: time after which it is killed."""
    log = folder.with_name("fault.log")
    log.unlink(missing_ok=True)
    more = {"STYLIZE_FAULT": fault, "STYLIZE_FAULT_ROOT": str(folder.parent), "STYLIZE_FAULT_LOG": str(log)}
    more |= {"STYLIZE_DATA": str(folder.with_name("data"))}
    env = os.environ | more | {"PYTHONPATH": os.pathsep.join(map(str, (HOOK, ROOT)))}
    try:
        done = forked_python.run(["-m", "cli", *words, "-q"], cwd=folder, env=env, timeout=seconds or 300)
    except subprocess.TimeoutExpired as killed:
        return Ran(KILLED, killed.stderr.decode(), f"{seconds:.2f} s")
    return Ran(done.returncode, done.stderr, log.read_text() if log.exists() else None)


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder, except the records of the project."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        str(path): hashlib.sha256((folder / path).read_bytes()).hexdigest()
        for path in files
        if not set(path.parts) & set(_HISTORY)
    }


@dataclass(frozen=True)
class Whole:
    """An undisturbed life. trees: after each step. counts: of operations in each step."""

    template: Path
    trees: list[dict[str, str]]
    counts: list[int]

    def begin(self) -> Path:
        """Return the folder of a new life: always the same, since results contain paths of their media."""
        folder = self.template.with_name("life")
        for path in (folder, folder.with_name("data")):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.template, folder)
        return folder


def live(template: Path) -> Whole:
    """Run all steps undisturbed, one after the other."""
    whole = Whole(template, [], [])
    folder = whole.begin()
    for step in STEPS:
        step.user(folder)
        ran = command(folder, *step.words, fault="count:0")
        assert ran.code == 0, ran.stderr
        whole.trees.append(tree(folder))
        whole.counts.append(int((ran.fault or "").split()[-1]))
    return whole


@dataclass
class Disturbed:
    """Lives with faults.

    faults: those that happened. resumed: number of steps that ended as in the undisturbed life.
    """

    whole: Whole
    faults: list[str] = field(default_factory=list)
    resumed: int = 0

    def assert_recovers(self, disturb: Callable[[Path, Step, int], Ran], tries: int) -> None:
        """Run each step until it completes, and assert that the result equals the undisturbed life.

        disturb: runs a step with a fault at one of so many operations.
        """
        folder, mine = self.whole.begin(), dict[str, bytes]()
        for number, step in enumerate(STEPS):
            mine |= step.user(folder)
            happened, ran = list[str](), Ran(1, "", None)
            for _ in range(tries):
                # Completed work is not repeated, so later faults have to come earlier.
                ran = disturb(folder, step, max(1, int(self.whole.counts[number] * 0.7 ** len(happened))))
                if ran.fault is None:
                    break
                happened.append(f"{step.name}: {ran.fault.strip()}")
                self.assert_user_files_unchanged(folder, mine, happened)
            if ran.fault is not None:
                ran = command(folder, *step.words)
            assert ran.code == 0, f"{ran.stderr} after {happened}"
            self.assert_user_files_unchanged(folder, mine, happened)
            assert differences(tree(folder), self.whole.trees[number]) == [], f"{step.name} after {happened}"
            self.faults += happened
            self.resumed += bool(happened)

    def assert_user_files_unchanged(self, folder: Path, mine: dict[str, bytes], happened: list[str]) -> None:
        """Assert that no file of the user's has changed or gone."""
        for name, data in mine.items():
            assert (folder / name).read_bytes() == data, f"{name} after {happened}"


def differences(found: dict[str, str], expected: dict[str, str]) -> list[str]:
    """Return the names of the files that differ, are missing, or should not be there."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
