"""A project folder between runs, edits and kills: users' pictures are safe, and every run ends with the same bits.

Cheap stages stand in for rendering and propagation. They write through the project like the real ones: painted pictures
override generated ones, and fresh files are kept. A kill is simulated by restoring the folder as it was just before one
of the run's writes, so no cleanup by Python counts.
"""

import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stylize.project import Project, clean, digest_of
from stylize.stages import stable_hash

FRAMES, PICKED = range(1, 5), (1, 4)
# The whole shot, and one layer, whose folder lies inside.
PARTS = ("", "layers/front")
LOOKS = st.integers(0, 2)
ANY_FRAME, ANY_PART = st.sampled_from(FRAMES), st.sampled_from(PARTS)
# Write before which a run is killed, and whether the previous write is truncated. A run that renders everything in
# another look has fewer writes, so that some kills come after its last one.
MOST_STEPS = 60
KILLS = st.tuples(st.integers(0, MOST_STEPS), st.sampled_from([True, True, False]))


class KilledError(BaseException):
    """Stands for the end of the process."""


class Kill:
    """Ends a run before one of its writes, with the folder as it is then; the previous write may be truncated."""

    def __init__(self, root: Path, before: int, torn: bool) -> None:
        self.root, self.left, self.torn = root, before, torn
        self.steps = 0
        self.last: tuple[Path, int] | None = None
        self.snapshot = Path(tempfile.mkdtemp(prefix="killed"))
        self.happened = False

    def step(self, path: Path, opened: bool = False) -> None:
        if self.happened or not path.is_relative_to(self.root) or path.is_dir():
            return
        self.steps += 1
        if self.left == 0:
            self._take()
        self.left -= 1
        self.last = (path, path.stat().st_size if path.exists() else 0) if opened else None

    def _take(self) -> None:
        self.happened = True
        shutil.copytree(self.root, self.snapshot / "root")
        if self.torn and self.last is not None:
            path, before = self.last
            copy = self.snapshot / "root" / path.relative_to(self.root)
            if copy.exists() and copy.stat().st_size > before:
                os.truncate(copy, (before + copy.stat().st_size) // 2)
        raise KilledError

    def restore(self) -> None:
        shutil.rmtree(self.root)
        shutil.move(self.snapshot / "root", self.root)


@contextmanager
def killed(root: Path, before: int, torn: bool) -> Iterator[Kill]:
    """Kill the body before its write of this number, counted from 0, unless it has fewer."""
    kill = Kill(root, before, torn)

    def watched(function: Callable[..., object], place: int) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            kill.step(Path(os.fspath(args[place])))  # type: ignore[call-overload]
            return function(*args, **more)

        return call

    def opening(file: object, mode: str = "r", *args: object, **more: object) -> object:
        if isinstance(file, str | Path) and set(mode) & set("wax+"):
            kill.step(Path(file), opened=True)
        return opened(file, mode, *args, **more)

    opened: Callable[..., object] = io.open
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opening)
        patch.setattr(os, "replace", watched(os.replace, 1))
        patch.setattr(os, "unlink", watched(os.unlink, 0))
        patch.setattr(os, "mkdir", watched(os.mkdir, 0))
        # Records are rewritten early, so that this is interrupted, too.
        patch.setattr("stylize.project.records._FEWEST", 4)
        try:
            yield kill
        except KilledError:
            pass
        finally:
            patch.undo()
            if kill.happened:
                kill.restore()
            shutil.rmtree(kill.snapshot)


def is_painted(part: Project, path: Path) -> bool:
    """Return whether the user painted the picture."""
    return path.exists() and not part.ours(path)


def rendered(frame: int, look: int) -> bytes:
    return b"key %d in look %d" % (frame, look)


def propagated(frame: int, left: bytes, right: bytes) -> bytes:
    return b"frame %d between [%b] and [%b]" % (frame, left, right)


def neighbours(frame: int, keys: list[int]) -> tuple[int, int]:
    return max(key for key in keys if key <= frame), min(key for key in keys if key >= frame)


def key_of(part: Project, frame: int) -> Path:
    return part.folder("keys") / f"plate.{frame}.png"


def result_of(part: Project, frame: int) -> Path:
    return part.folder("out") / f"plate.{frame}.png"


def run_stages(part: Project, look: int) -> list[Path]:
    """Render and propagate files that are not fresh; return the files made."""
    made = list[Path]()

    def make(task: str, path: Path, key: str, content: bytes) -> None:
        if not part.fresh(path, key) and not is_painted(part, path):
            part.during(task).place(path, key, lambda partial: partial.write_bytes(content) and None)
            made.append(path)

    plan_key = stable_hash("plan", look)
    plan = part.recall("plan", plan_key)
    if plan is None:
        plan = [look, list(PICKED)]
        part.during("plan").remember("plan", plan_key, plan)
    assert plan == [look, list(PICKED)], "recalled a fact of another cache key"
    keys = sorted({*plan[1], *(frame for frame in FRAMES if is_painted(part, key_of(part, frame)))})
    for frame in keys:
        make("keys", key_of(part, frame), f"{stable_hash('key', look, frame)}-1", rendered(frame, look))
    spans = dict.fromkeys(f"span:{neighbours(frame, keys)[0]}" for frame in FRAMES)
    part.retire("span", spans)
    for frame in FRAMES:
        left, right = neighbours(frame, keys)
        inputs = [part.digest(key_of(part, left)), part.digest(key_of(part, right))]
        content = propagated(frame, key_of(part, left).read_bytes(), key_of(part, right).read_bytes())
        make(f"span:{left}", result_of(part, frame), f"{stable_hash('span', frame, *inputs)}-1", content)
        motion = part.folder("passes") / f"plate.{frame}.exr"
        make(f"span:{left}", motion, f"{stable_hash('passes', frame)}-1", b"passes of %d" % frame)
    return made


class ProjectStates(RuleBasedStateMachine):
    """Any sequence of runs, edits and kills of a project."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="states")).resolve()
        self.root = self.home / "shot.stylize"
        self.look = 0
        # Painted pictures in the folder, by path.
        self.painted = dict[Path, bytes]()
        # All contents of our files so far, by path: the first schema stored their digests.
        self.written = dict[Path, list[bytes]]()
        self.done = False
        self.drawn = 0

    def teardown(self) -> None:
        shutil.rmtree(self.home)

    # Runs

    def parts(self, project: Project) -> list[Project]:
        return [project, project.layer("front")]

    def work(self) -> list[Path]:
        project = Project(self.root)
        with project.locked():
            return [path for part in self.parts(project) for path in run_stages(part, self.look)]

    def record_our_contents(self) -> None:
        for path in self.pictures(self.root):
            content = path.read_bytes()
            if self.painted.get(path) != content:
                earlier = self.written.setdefault(path, [])
                earlier[:] = [*(one for one in earlier if one != content), content]

    @staticmethod
    def pictures(root: Path) -> list[Path]:
        return [p for p in sorted(root.rglob("plate.*")) if p.suffix in (".png", ".exr")]

    @initialize()
    def run_in_two_looks(self) -> None:
        self.run()
        self.look = 1
        self.run()

    @rule()
    def run(self) -> None:
        """Run to the end: the bits are those of an undisturbed run, and no work remains."""
        self.work()
        self.done = True
        self.record_our_contents()
        assert self.work() == []
        for name in PARTS:
            self.assert_undisturbed_result(self.root / name)

    def assert_undisturbed_result(self, root: Path) -> None:
        def key(frame: int) -> bytes:
            return self.painted.get(root / f"keys/plate.{frame}.png", rendered(frame, self.look))

        keys = sorted({*PICKED, *(n for n in FRAMES if root / f"keys/plate.{n}.png" in self.painted)})
        for frame in keys:
            assert (root / f"keys/plate.{frame}.png").read_bytes() == key(frame)
        for frame in FRAMES:
            path = root / f"out/plate.{frame}.png"
            left, right = neighbours(frame, keys)
            assert path.read_bytes() == self.painted.get(path, propagated(frame, key(left), key(right)))

    @rule(kills=st.lists(KILLS, min_size=1, max_size=3), look=LOOKS)
    def run_and_kill(self, kills: list[tuple[int, bool]], look: int) -> None:
        """Kill runs that mostly have work to do, as the look changes."""
        self.look, self.done = look, False
        for before, torn in kills:
            with killed(self.root, before, torn):
                self.work()
            self.record_our_contents()

    @rule(look=LOOKS)
    def change_look(self, look: int) -> None:
        self.look, self.done = look, self.done and look == self.look

    # Edits

    def draw(self, path: Path) -> None:
        """Write a new picture; each has its own size, as timestamps cannot be relied on to distinguish writes."""
        self.drawn += 1
        self.painted[path] = b"painted by a person ".ljust(200 + self.drawn, b".")
        path.write_bytes(self.painted[path])
        self.done = False

    @rule(part=ANY_PART, frame=ANY_FRAME)
    def paint_a_key(self, part: str, frame: int) -> None:
        """Edit an existing key, rendered or painted, or add one."""
        self.draw(self.root / part / f"keys/plate.{frame}.png")

    @rule(part=ANY_PART, frame=ANY_FRAME)
    def retouch_a_frame(self, part: str, frame: int) -> None:
        self.draw(self.root / part / f"out/plate.{frame}.png")

    @rule(part=ANY_PART, frame=ANY_FRAME, folder=st.sampled_from(["keys", "out", "passes"]))
    def delete(self, part: str, frame: int, folder: str) -> None:
        for path in (self.root / part / folder).glob(f"plate.{frame}.*"):
            path.unlink()
            self.painted.pop(path, None)
        self.done = False

    @rule(part=ANY_PART, frame=ANY_FRAME, data=st.data())
    def restore_an_earlier_rendered_key(self, part: str, frame: int, data: st.DataObject) -> None:
        path = self.root / part / f"keys/plate.{frame}.png"
        if earlier := self.written.get(path, [])[:-1]:
            rewrite(path, data.draw(st.sampled_from(earlier)))
            self.painted.pop(path, None)
            self.done = False

    # Other events

    def clean_up(self, results: bool) -> None:
        project = Project(self.root)
        with project.locked():
            clean(project, results=results)

    @rule(results=st.booleans())
    def clean(self, results: bool) -> None:
        keys = {path: path.read_bytes() for path in self.root.rglob("keys/plate.*.png")}
        self.clean_up(results)
        self.done = False
        assert {path: path.read_bytes() for path in self.root.rglob("keys/plate.*.png")} == keys
        left = [path for path in self.pictures(self.root) if path.parent.name in ("passes", *["out"] * results)]
        assert left == [path for path in left if path in self.painted]

    @rule(kill=KILLS)
    def clean_and_kill(self, kill: tuple[int, bool]) -> None:
        with killed(self.root, *kill):
            self.clean_up(True)
        self.done = False

    @rule()
    def restore_first_schema(self) -> None:
        """Restore the format of the first schema: one file of all digests, and no records of tasks."""
        for root in (self.root / name for name in PARTS):
            shutil.rmtree(root / "state", ignore_errors=True)
            files = {
                path.relative_to(root).as_posix(): {"mark": "m", "digests": [digest(one) for one in contents]}
                for path, contents in self.written.items()
                if path.is_relative_to(root) and not path.relative_to(root).is_relative_to("layers")
            }
            (root / "state.json").write_text(json.dumps({"version": 1, "files": files, "digests": {}}))
        self.done = False

    @precondition(lambda self: self.done)
    @rule()
    def assert_second_run_does_no_work(self) -> None:
        assert self.work() == []

    # Invariants

    @invariant()
    def assert_painted_pictures_are_unchanged(self) -> None:
        for path, content in self.painted.items():
            assert path.read_bytes() == content, path

    @invariant()
    def assert_ownership_of_pictures_is_known(self) -> None:
        """Check in a copy, as opening a folder of an earlier schema upgrades it."""
        if not self.root.exists():
            return
        copy = self.home / "copy.stylize"
        shutil.copytree(self.root, copy)
        project = Project(copy)
        with project.locked():
            for part in self.parts(project):
                for path in (p for folder in ("keys", "out", "passes") for p in self.pictures(part.folder(folder))):
                    is_painted_by_user = self.root / path.relative_to(copy) in self.painted
                    assert part.ours(path) != is_painted_by_user, (
                        f"{path} is taken for {'ours' if is_painted_by_user else 'painted'}"
                    )
        shutil.rmtree(copy)


def rewrite(path: Path, content: bytes) -> None:
    """Write until the file system's clock has moved on: what has the same size passes for unchanged within a tick."""
    before = path.stat().st_ctime_ns if path.exists() else None
    path.write_bytes(content)
    while path.stat().st_ctime_ns == before:
        path.write_bytes(content)


def digest(content: bytes) -> str:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return digest_of(Path(file.name))


@pytest.mark.slow
def test_any_sequence_keeps_painted_pictures_and_ends_alike() -> None:
    run_state_machine_as_test(ProjectStates, settings=settings(max_examples=30, stateful_step_count=20))


@pytest.mark.slow
def test_any_short_sequence_keeps_painted_pictures_and_ends_alike() -> None:
    run_state_machine_as_test(ProjectStates, settings=settings(max_examples=3, stateful_step_count=6))


@pytest.mark.slow
@pytest.mark.parametrize("torn", [False, True])
def test_run_killed_before_any_write_resumes_to_the_same_bits(torn: bool) -> None:
    """Kill before each write in turn, in a run with another look after a painted key, and so a span, was removed."""
    happened, before = True, 0
    while happened:
        machine = ProjectStates()
        try:
            machine.run()
            machine.paint_a_key("", 2)
            machine.run()
            machine.delete("", 2, "keys")
            machine.look = 1
            with killed(machine.root, before, torn) as kill:
                machine.work()
            machine.record_our_contents()
            machine.assert_ownership_of_pictures_is_known()
            machine.run()
            machine.assert_ownership_of_pictures_is_known()
        finally:
            machine.teardown()
        happened, before = kill.happened, before + 1
    assert before > 40


def test_kills_hit_writes_of_a_run() -> None:
    """Some kills come too late for a run that renders everything again, and most do not."""
    machine = ProjectStates()
    try:
        machine.work()
        machine.look = 1
        with killed(machine.root, 10_000, False) as kill:
            machine.work()
        assert 30 < kill.steps <= MOST_STEPS
        before = {path: path.read_bytes() for path in machine.pictures(machine.root)}
        machine.look = 2
        with killed(machine.root, kill.steps // 2, False) as kill:
            machine.work()
        assert kill.happened
        changed = [path for path, content in before.items() if path.read_bytes() != content]
        assert 0 < len(changed) < 12
    finally:
        machine.teardown()
