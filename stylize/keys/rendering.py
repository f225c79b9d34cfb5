"""The render stage, which renders all keys that are not painted by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from propagate.arrays import Floats, Pixels
from stylize.errors import InputError, StyleError
from stylize.keys import key_record
from stylize.keys.candidates import candidate_file, candidate_seed, copy_picture, is_usable
from stylize.keys.decision import Decision, Fate, Ledger
from stylize.keys.key_plan import KeyInputs, KeyPlan, References
from stylize.keys.paint_key import Attempt, paint_key
from stylize.keys.reports import report_decisions
from stylize.media.colour import BT709, Colour
from stylize.media.images import (
    image_size,
    make_folder,
    quantise,
    read_image,
    to_float,
    write_image,
)
from stylize.project import Project
from stylize.renderers.protocol import RenderedKey
from stylize.reporter import Reporter

# Folder in passes/ for the conditioning pictures of the renderer.
CONTROL_FOLDER = "control"
# Number of retries with other seeds for a key that disagrees, before refinement adds keys.
REFINE_RETRIES = 2


def check_reference(path: Path) -> None:
    """Raise StyleError if the reference is missing, not a picture, or too large. Only the header is read."""
    try:
        image_size(path)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error


def read_references(paths: Sequence[Path], project: Project, colour: Colour) -> References | None:
    """Read the reference pictures, converted to the primaries of ``colour``; None without paths.

    Raises StyleError, as ``check_reference`` does, and for a picture that is transparent everywhere.
    """
    if not paths:
        return None
    pictures = tuple(_read_reference(path, colour) for path in paths)
    digest = " ".join(map(project.digest, paths))
    return References(pictures, digest if colour.has_rec709_primaries else f"{digest} {colour.primaries}")


def _read_reference(path: Path, colour: Colour) -> Floats:
    check_reference(path)
    try:
        pixels = read_image(path, colour, untagged=BT709)
    except InputError as error:
        raise StyleError(f"the reference cannot be used: {error}") from error
    if pixels.shape[2] == 4 and not pixels[..., 3].any():
        raise StyleError(f"the reference {path} is transparent everywhere, expected opaque pixels; give another")
    return to_float(pixels)


def _write(picture: Pixels, text: Mapping[str, str], target: Path) -> None:
    write_image(target, picture, text=text)


@dataclass
class Rendering:
    """Results of the render stage for one shot.

    rendered: keys rendered in this run. candidates: files of the candidates of each key, in order.
    """

    rendered: list[int] = field(default_factory=list)
    candidates: dict[int, tuple[Path, ...]] = field(default_factory=dict)


def render_keys(
    plan: KeyPlan, inputs: KeyInputs, project: Project, on_key: Callable[[int, bool], None],
    reporter: Reporter, on_part: Callable[[float], None] = lambda part: None,
) -> Rendering:  # fmt: skip
    """Render the missing and outdated keys of one shot, and their candidates.

    Each key after the first starts from the previous one, warped by flow. Late keys are rendered last. Keys of another
    environment are kept if what they are made of has not changed; messages report them, and name the keys that are
    rendered only because the key that they start from has changed. on_key: called with the number of each key, and
    whether it was rendered. on_part: called with the finished part, 0..1, of the key that is being rendered.

    Raises PlanError for a chosen candidate or a locked key whose picture is missing, and for a newly chosen candidate
    of other settings, which rendering would replace.
    """
    ledger, found = Ledger(plan, inputs, project), Rendering()
    decisions = ledger.decisions()
    report_decisions(ledger, decisions, reporter)
    work = _Work(ledger, reporter, on_part)
    for number in sorted(plan.keys, key=lambda number: (number in plan.late, number)):
        if number in decisions:
            if work.finish_key(decisions[number]):
                found.rendered.append(number)
            if plan.candidates > 1 and not plan.choice(number).lock:
                found.candidates[number] = work.candidates(decisions[number])
        on_key(number, number in found.rendered)
    return found


def keys_to_render(plan: KeyPlan, inputs: KeyInputs, project: Project) -> list[int]:
    """Return the frame numbers of the keys that `render_keys` would render, or whose candidates it would."""
    ledger = Ledger(plan, inputs, project)
    return [number for number, one in ledger.decisions().items() if one.fate is Fate.PAINT or ledger.missing(one)]


@dataclass(frozen=True)
class _Work:
    """Work on the keys of one shot."""

    ledger: Ledger
    reporter: Reporter
    on_part: Callable[[float], None]

    def finish_key(self, decision: Decision) -> bool:
        """Do what was decided about a key. Return whether it was rendered and stored."""
        plan, project, path = self.ledger.plan, self.ledger.project, decision.path
        if decision.fate is Fate.COPY:
            picked = candidate_file(path, plan.choice(decision.number).candidate)
            copy_picture(picked, path, decision.label, project)
            key_record.write(project, path, self.ledger.record(decision))
        elif decision.fate is Fate.PAINT:
            return self._paint_key(decision)
        elif decision.label:
            project.relabel(path, decision.label)
            key_record.write(project, path, self.ledger.record(decision))
        return False

    def candidates(self, decision: Decision) -> tuple[Path, ...]:
        """Paint the missing candidates of a key, and return the files of all."""
        ledger, number, own = self.ledger, decision.number, self.ledger.plan.choice(decision.number).candidate
        count, project = ledger.plan.candidates, ledger.project
        key, chosen = decision.identity.key, candidate_file(decision.path, own)
        if not is_usable(project, chosen, key) and not project.is_changed(decision.path):
            copy_picture(decision.path, chosen, key, project)
        for place in ledger.missing(decision):
            retries = self._retries(number) if place == 1 else 0
            attempt = Attempt(candidate_seed(ledger.seed(number), number, place), retries)
            on_step = partial(self._on_candidate, place, count)
            made = paint_key(ledger.plan, number, attempt, ledger.inputs, on_step)
            self._report(made, f"candidate {place}: ")
            file, identity = candidate_file(decision.path, place), ledger.candidate_identity(decision, place)
            self._place(made, number, file, identity.key)
        return tuple(candidate_file(decision.path, place) for place in range(1, count + 1))

    def _paint_key(self, decision: Decision) -> bool:
        """Render a key. Return whether it was stored; it is not if the user painted the key in the meantime."""
        ledger, number, path = self.ledger, decision.number, decision.path

        def on_step(done: int, total: int) -> None:
            # The key itself counts once it is written.
            if 0 < done < total:
                self.on_part(done / total)
            self.reporter.check()

        place = ledger.plan.choice(number).candidate
        attempt = Attempt(
            candidate_seed(ledger.seed(number), number, place), self._retries(number) if place == 1 else 0
        )
        made = paint_key(ledger.plan, number, attempt, ledger.inputs, on_step)
        self._report(made)
        if ledger.project.is_changed(path):  # rendering may take minutes
            self.reporter.message(
                f"{path} was painted while this run rendered the key and is kept; run again to use it"
            )
            return False
        _write_control_pictures(made, path, ledger.project)
        self._place(made, number, path, decision.identity.key)
        key_record.write(ledger.project, path, ledger.record(decision))
        own = candidate_file(path, place)
        if ledger.project.ours(own):
            copy_picture(path, own, decision.identity.key, ledger.project)
        return True

    def _place(self, made: RenderedKey, number: int, path: Path, key: str) -> None:
        picture = quantise(made.picture, np.uint16 if self.ledger.plan.depth == 16 else np.uint8)
        make_folder(path.parent)
        plan, project, source = self.ledger.plan, self.ledger.project, self.ledger.plan.source(number)
        project.place(path, key, partial(_write, picture, made.text))
        if made.agreement and source is not None:
            key_record.write_agreement(project, path, made.agreement, plan.keys[source], source)

    def _report(self, made: RenderedKey, prefix: str = "") -> None:
        for note in made.notes:
            self.reporter.message(f"{prefix}{note}")

    def _on_candidate(self, place: int, count: int, done: int, total: int) -> None:
        if 0 < done <= total:
            self.on_part((place - 1 + done / total) / (count + 1))
        self.reporter.check()

    def _retries(self, number: int) -> int:
        retries = self.ledger.inputs.conditioning.retries
        return max(retries, REFINE_RETRIES) if number in self.ledger.plan.retried else retries


def _write_control_pictures(made: RenderedKey, key: Path, project: Project) -> None:
    """Write the conditioning pictures of the renderer to passes/control/, for inspection."""
    folder = project.folder("passes") / CONTROL_FOLDER
    if made.control_pictures:
        make_folder(folder)
    for name, picture in made.control_pictures.items():
        write_image(folder / f"{name}.{key.stem}.png", quantise(picture, np.uint8))
