"""Details of the keys of a part: the inputs of each, its agreement with the previous one, and its candidates."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stylize.errors import InputError, PlanError
from stylize.extensions.discovery import renderer
from stylize.keys.agreement import Agreement
from stylize.keys.candidates import candidate_file, candidate_seed, existing_candidates
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.keys.key_record import agreement_of, record_of
from stylize.keys.neighbour_agreement import measured_agreement, record_name
from stylize.media.plates import plate_pattern
from stylize.project.digests import status_of
from stylize.project.layout import STATE_FOLDER
from stylize.project.records import Records
from stylize.review.choose_key import choices_of
from stylize.review.known_digests import known_digest
from stylize.review.shown_project import Key, Part, ShownProject
from stylize.settings.schedules import text_at
from stylize.stages import stable_hash
from stylize.visible_text import visible


@dataclass(frozen=True)
class KeyDetails:
    """Reader of the details of the keys of a part. pictures: keys that have a picture, by frame."""

    project: ShownProject
    part: Part
    pictures: Mapping[int, Key]

    @cached_property
    def choices(self) -> Mapping[int, KeyChoice]:
        """Choices for single keys; none if their table is invalid, which a run reports."""
        try:
            return choices_of(self.project, self.part)
        except PlanError:
            return {}

    @property
    def locked(self) -> frozenset[int]:
        """Frames of locked keys, which remain keyframes whatever the plan is."""
        return frozenset(frame for frame, choice in self.choices.items() if choice.lock)

    @cached_property
    def reads_prompts(self) -> bool:
        """True if the renderer reads a prompt."""
        return "prompt" in renderer(self.part.look.settings.renderer).reads

    @cached_property
    def _full_pictures(self) -> Mapping[int, Key]:
        """Keys of the same look at full size, on which a draft is painted; none if they cannot be read."""
        full = self.project.full_part(self.part)
        try:
            return self.pictures if full is self.part else self.project.keys(full)
        except InputError:
            return {}

    @cached_property
    def _records(self) -> Records:
        records = Records(self.part.root / STATE_FOLDER)
        records.load()
        return records

    def of(self, frame: int) -> dict[str, Any]:
        """Return the details of one key, as values that JSON can represent."""
        key, choice = self.pictures.get(frame), self.choices.get(frame, NO_CHOICE)
        facts = self._records.facts_under(_digest(key.path)) if key else {}
        record = record_of(facts) if key and not key.is_painted else None
        return {
            "version": _digest(key.path)[:12] if key else "",
            "painting": self._painting(frame),
            "seed": record.seed if record else None,
            "own_seed": choice.seed,
            "prompt": self._prompt(frame, choice),
            "own_prompt": visible(choice.prompt or ""),
            "agreement": self._agreement(frame, facts),
            "candidates": self._candidates(frame),
            "candidate": record.candidate if record else None,
            "pick": choice.pick,
            "lock": choice.lock,
        }

    def _painting(self, frame: int) -> str:
        """Return a text that changes with the picture that the page paints on; empty without one."""
        key = self._full_pictures.get(frame) or self.pictures.get(frame)
        return _digest(key.path) if key else ""

    def _prompt(self, frame: int, choice: KeyChoice) -> str | None:
        """Return the prompt of a key; None if the renderer reads none."""
        if not self.reads_prompts:
            return None
        if choice.prompt is not None:
            return visible(choice.prompt)
        try:
            return visible(text_at(self.part.look.settings.prompt or "", frame))
        except ValueError:
            return ""

    def _agreement(self, frame: int, facts: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the agreement with the key before, as measured by the rendering or by the last report.

        None if one of the two has changed since.
        """
        found = agreement_of(facts)
        try:
            before = self.pictures.get(int(found["before"])) if found else self._before(frame)
            if before is None:
                return None
            measured = self._reported(before, frame)
            if found is not None and _digest(before.path) == found["digest"]:
                measured = Agreement(float(found["colour"]), float(found["structure"]), float(found["common"]))
        except (KeyError, TypeError, ValueError):
            return None
        if measured is None:
            return None
        return {
            "before": before.frame, "colour": measured.colour, "structure": measured.structure,
            "common": measured.common, "is_outlier": measured.outlier,
        }  # fmt: skip

    def _before(self, frame: int) -> Key | None:
        """Return the picture of the key before another one."""
        earlier = [key for number, key in self.pictures.items() if number < frame]
        return earlier[-1] if earlier else None

    def _reported(self, before: Key, frame: int) -> Agreement | None:
        if frame not in self.pictures:
            return None
        pictures = [_digest(key.path) for key in (before, self.pictures[frame])]
        return measured_agreement(self._records.latest_fact(record_name(before.frame, frame)), pictures)

    def _candidates(self, frame: int) -> list[dict[str, Any]]:
        """Return the candidates that have a picture: number, seed and a text that changes with the picture."""
        key = plate_pattern(self.project.shot, self.part.root / "keys").path(frame)
        choice, settings = self.choices.get(frame, NO_CHOICE), self.part.look.settings
        own = settings.seed if choice.seed is None else choice.seed
        return [
            {
                "number": number, "seed": candidate_seed(own, frame, number),
                "version": _version(candidate_file(key, number)),
            }
            for number in existing_candidates(key)
        ]  # fmt: skip


def _digest(path: Path) -> str:
    """Return the digest of a file; empty if the file has been removed in the meantime."""
    try:
        return known_digest(path)
    except FileNotFoundError:
        return ""


def _version(path: Path) -> str:
    """Return a text that changes with a file, without reading it."""
    try:
        return stable_hash(status_of(path.stat()), size=6)
    except FileNotFoundError:
        return ""
