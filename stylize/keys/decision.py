"""Decisions about the keys of a shot: to keep, relabel or copy each, or to paint it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from pathlib import Path

from stylize.errors import PlanError
from stylize.keys import key_record
from stylize.keys.candidates import candidate_file, candidate_seed, existing_candidates, is_usable
from stylize.keys.identity import Identity, former_keys, full_environment, identities, seed_of
from stylize.keys.key_choice import KeyChoice
from stylize.keys.key_plan import KeyInputs, KeyPlan
from stylize.keys.key_record import KeyRecord
from stylize.project import Project
from stylize.project.upgrade import REPLACED_SHOT
from stylize.stages import cache_key, inputs_half

# Replaces the versions in the cache keys of keys that were adopted from a project of an earlier version.
UPGRADED = "upgraded"


class Fate(Enum):
    """Fate of a key in a run. VERSIONS: kept although its environment differs. STARTS: kept although the key that it
    starts from has changed. LOCKED: kept whatever has changed. COPY: the chosen candidate is copied.
    """

    FRESH = auto()
    VERSIONS = auto()
    STARTS = auto()
    LOCKED = auto()
    COPY = auto()
    PAINT = auto()


@dataclass(frozen=True)
class Decision:
    """Decision about a key. identity: with the seed of the chosen candidate. label: cache key to record a kept or
    copied picture under, empty for no change. made: what the existing picture was made of, if known.
    """

    number: int
    path: Path
    fate: Fate
    identity: Identity
    label: str = ""
    made: KeyRecord | None = None

    @property
    def only_start_differs(self) -> bool:
        """Return whether the existing picture differs only in what it starts from."""
        return self.made is not None and self.made.own == self.identity.own and self.made.start != self.identity.start


class Ledger:
    """Identities of the keys of a shot, and their existing pictures."""

    def __init__(self, plan: KeyPlan, inputs: KeyInputs, project: Project) -> None:
        self.plan, self.inputs, self.project = plan, inputs, project

    @cached_property
    def identities(self) -> Mapping[int, Identity]:
        """Identity of each key that is not added, with its own seed."""
        return identities(self.plan, self.inputs)

    @cached_property
    def environment(self) -> dict[str, str]:
        """Versions, device and precision of this run, by name."""
        return full_environment(self.inputs)

    @cached_property
    def _without_choices(self) -> Mapping[int, Identity]:
        return identities(replace(self.plan, choices={}), self.inputs)

    @cached_property
    def _former(self) -> Mapping[int, str]:
        return former_keys(self.plan, self.inputs)

    def decisions(self) -> dict[int, Decision]:
        """Return the decision about each key that is not painted.

        Raises PlanError for a picture that is missing, or a newly picked candidate that was rendered with other
        settings.
        """
        return {number: self._decide(number) for number in self.identities if number not in self.plan.painted}

    def seed(self, number: int) -> int:
        """Return the key's own seed, that of its first candidate."""
        return seed_of(self.plan, self.inputs, number)

    def candidate_identity(self, decision: Decision, place: int) -> Identity:
        """Return the identity of a candidate of a key."""
        return decision.identity.with_seed(candidate_seed(self.seed(decision.number), decision.number, place))

    def candidate(self, decision: Decision) -> int:
        """Return the number of the candidate to use for a key."""
        return self.plan.choice(decision.number).candidate

    def missing(self, decision: Decision) -> list[int]:
        """Return the numbers of the candidates to paint in addition to the key."""
        choice = self.plan.choice(decision.number)
        wanted = range(1, self.plan.candidates + 1) if self.plan.candidates > 1 and not choice.lock else ()
        return [place for place in wanted if place != choice.candidate and not self._has_candidate(decision, place)]

    def _has_candidate(self, decision: Decision, place: int) -> bool:
        file, identity = candidate_file(decision.path, place), self.candidate_identity(decision, place)
        return decision.number not in self.plan.repaint and is_usable(self.project, file, identity.key)

    def record(self, decision: Decision) -> KeyRecord:
        """Return the record of a key that was painted, copied or kept in this run."""
        place = self.plan.choice(decision.number).candidate
        seed = candidate_seed(self.seed(decision.number), decision.number, place)
        environment, same = self.environment, decision.fate not in (Fate.VERSIONS, Fate.STARTS)
        if not same:
            environment = dict(decision.made.environment) if decision.made else {}
        return KeyRecord(dict(decision.identity.own), decision.identity.start, environment, seed, place)

    def _decide(self, number: int) -> Decision:
        plan, project, path = self.plan, self.project, self.plan.keys[number]
        choice, made = plan.choice(number), key_record.read(project, path) or self._former_record(number)
        identity = self.identities[number].with_seed(candidate_seed(self.seed(number), number, choice.candidate))
        file = candidate_file(path, choice.candidate)

        def decide(fate: Fate, label: str = "") -> Decision:
            return Decision(number, path, fate, identity, label, made)

        if choice.lock and not path.is_file() and project.has_written(path):
            raise PlanError(f"{choice.origin}: frame {number} is locked, but {path} is missing; restore or unlock it")
        if choice.lock and path.is_file() and choice.pick in (None, made.candidate if made else 1):
            return decide(Fate.LOCKED)
        if number in plan.repaint:
            return decide(Fate.PAINT)
        is_retouched = choice.pick is not None and project.is_changed(file)
        key = self._retouched(file) if is_retouched else identity.key
        if project.fresh(path, key):
            # A run that was killed has stored the picture, but not what it was made of.
            return decide(Fate.FRESH, "" if made else key)
        if project.made_from(path, key):
            return decide(Fate.VERSIONS)
        if made and not is_retouched and (made.own, made.candidate) == (identity.own, choice.candidate):
            is_now = made.environment == self.environment
            label = identity.key if is_now else f"{inputs_half(identity.key)}-{UPGRADED}"
            if made.start == identity.start:
                return decide(Fate.FRESH if is_now else Fate.VERSIONS, label)
            if plan.keep_others:
                return decide(Fate.STARTS, label)
        if self._can_copy(choice, file, key):
            return decide(Fate.COPY, key)
        if (choice.lock and path.is_file()) or self._is_missing(number, file, made):
            raise self._missing(number, path)
        if self._is_outdated(choice, file, made):
            raise PlanError(
                f"{choice.origin}: candidate {choice.pick} of keyframe {number} was rendered with other settings than "
                "those of this run; lock the key to use it as it is (column lock, or --lock of stylize pick), or "
                f"render it again with --candidates {max(choice.candidate, 2)}"
            )
        return decide(Fate.PAINT)

    def _can_copy(self, choice: KeyChoice, file: Path, key: str) -> bool:
        """Return whether the chosen candidate exists and can be used. A locked one can, whatever has changed since."""
        if choice.pick is None:
            return file.is_file() and self.project.made_from(file, key)
        return is_usable(self.project, file, key) or (choice.lock and file.is_file())

    def _retouched(self, file: Path) -> str:
        """Return the cache key of a key that is a retouched candidate."""
        return cache_key("keys", "retouched candidate", self.project.digest(file))

    def _former_record(self, number: int) -> KeyRecord | None:
        """Return what a key of an earlier version was made of, if its inputs are unchanged as far as is known."""
        path, project, choice = self.plan.keys[number], self.project, self.plan.choice(number)
        if not path.is_file():
            return None
        if number in self.plan.upgraded and REPLACED_SHOT in project.keys_of(path):
            # Choices were taken over together with the key.
            identity = self.identities[number]
            return KeyRecord(identity.own, identity.start, {}, self.seed(number))
        if choice.prompt is not None:
            return None
        if number in self.plan.upgraded and project.ours(path):
            environment = {}
        elif project.fresh(path, self._former[number]):
            environment = self.environment
        elif project.made_from(path, self._former[number]):
            environment = {}
        else:
            return None
        identity = self._without_choices[number]
        return KeyRecord(identity.own, identity.start, environment, self.inputs.seed)

    def _is_missing(self, number: int, file: Path, made: KeyRecord | None) -> bool:
        """Return whether a picked candidate was never painted, and is not painted in this run."""
        choice = self.plan.choice(number)
        if choice.candidate <= self.plan.candidates or file.is_file():
            return False
        return made is None or made.candidate != choice.candidate

    def _is_outdated(self, choice: KeyChoice, file: Path, made: KeyRecord | None) -> bool:
        """Return whether a newly picked candidate exists, but differs from what this run would put in its place."""
        if choice.pick is None or choice.pick <= self.plan.candidates or not file.is_file():
            return False
        return made is not None and made.candidate != choice.pick

    def _missing(self, number: int, path: Path) -> PlanError:
        choice, existing = self.plan.choice(number), existing_candidates(path)
        found = f"it has {', '.join(map(str, existing))}" if existing else "it has none"
        return PlanError(
            f"{choice.origin}: candidate {choice.pick} of keyframe {number} does not exist, {found}; pick another, or "
            f"paint it with --candidates {max(choice.candidate, 2)}"
        )
