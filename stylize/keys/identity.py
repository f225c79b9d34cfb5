"""Identity of rendered keys: everything that each was made of, at its own frame and with contents by hash.

It has three parts. The key's own part covers its settings, its plate, its reference and its conditioning. Its start
covers the key that it starts from, and plates and motion in between. Versions, device and precision are its
environment: if only that has changed, a key is kept.

The identities of later keys cover earlier ones as if all were rendered, none added and none picked among candidates, so
that painting or picking a key never causes other keys to be rendered again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from stylize.keys.key_plan import KeyInputs, KeyPlan
from stylize.renderers.protocol import environment, key_inputs
from stylize.stages import cache_key, inputs_half, stable_hash, versions_of

# Names of parts that are not options, for messages.
SEED, PLATE, REFERENCE, RETRIED, DEPTH, LIGHT = "seed", "its plate", "style", "other seeds", "bit depth", "its light"


@dataclass(frozen=True)
class Identity:
    """Identity of a key. own: hash of each value of its own part, by name. start: hash of what it starts from, empty
    for the first key. stages: of renderer and motion. environment: of the renderer.
    """

    own: Mapping[str, str]
    start: str
    stages: tuple[str, ...]
    environment: Mapping[str, str]

    @cached_property
    def key(self) -> str:
        """Cache key."""
        return cache_key("keys", "own", dict(self.own), self.start, uses=self.stages, environment=self.environment)

    def with_seed(self, seed: int) -> "Identity":
        """Return the identity of the same key with another seed."""
        return replace(self, own={**self.own, SEED: stable_hash(seed)})

    def differences(self, own: Mapping[str, str]) -> list[str]:
        """Return the names of the values of the own part that differ from earlier ones."""
        return sorted(name for name in {*own, *self.own} if own.get(name) != self.own.get(name))


def seed_of(plan: KeyPlan, inputs: KeyInputs, number: int) -> int:
    """Return the seed of a key: that of the table, or else that of the settings."""
    chosen = plan.choice(number).seed
    return inputs.seed if chosen is None else chosen


def full_environment(inputs: KeyInputs) -> dict[str, str]:
    """Return the versions of stages and libraries, and the environment of the renderer, by name."""
    return versions_of(("keys", *inputs.stages)) | dict(environment(inputs.renderer))


def identities(plan: KeyPlan, inputs: KeyInputs) -> dict[int, Identity]:
    """Return the identity of each key that is not added, by frame, with the key's own seed."""
    surroundings = environment(inputs.renderer)
    own = [number for number in plan.keys if number not in plan.added | plan.late]
    found: dict[int, Identity] = {}

    def add(number: int, before: int | None, extra: tuple[object, ...] = ()) -> None:
        start = ""
        if before is not None:
            first, last = sorted((before, number))
            between = [frame for frame in plan.frames if first <= frame <= last]
            start = stable_hash(
                inputs_half(found[before].key), [inputs.plates.digest(frame) for frame in between],
                inputs.motion.cache_key(between), _light(plan, before, min(own)), *extra,
            )  # fmt: skip
        found[number] = Identity(_own(plan, inputs, number, start), start, inputs.stages, surroundings)

    before: int | None = None
    for number in own:
        add(number, before)
        before = number
    for number in sorted(plan.late - plan.added):
        near = max((key for key in own if key < number), default=own[0] if own else None)
        add(number, near, ("late",))
    return found


def _own(plan: KeyPlan, inputs: KeyInputs, number: int, start: str) -> Mapping[str, str]:
    found: dict[str, Any] = {
        "renderer": inputs.renderer_name, SEED: seed_of(plan, inputs, number), DEPTH: plan.depth,
        REFERENCE: inputs.references.digest if inputs.references else "", PLATE: inputs.plates.digest(number),
        RETRIED: number in plan.retried, LIGHT: _light(plan, number),
        **key_inputs(inputs.renderer, number, follows=bool(start)), **inputs.conditioning.key_inputs(number),
    }  # fmt: skip
    return {name: stable_hash(value) for name, value in found.items()}


def _light(plan: KeyPlan, *numbers: int) -> list[float]:
    return [round(plan.light.get(number, 1.0), 6) for number in numbers]


def former_keys(plan: KeyPlan, inputs: KeyInputs) -> dict[int, str]:
    """Return the cache keys under which earlier versions recorded keys with the same settings, by frame."""
    style = inputs.references.digest if inputs.references else ""
    renderer_key = inputs.former_renderer_key()
    gains = {number: [plan.light.get(frame, 1.0) for frame in (number, *plan.keys)] for number in plan.keys}
    keys: dict[int, str] = {}

    def key_of(number: int, first: int, last: int, *extra: object) -> str:
        between = [frame for frame in plan.frames if first <= frame <= last]
        digests = [inputs.plates.digest(frame) for frame in between]
        light = [round(gain, 6) for gain in gains[number]] if any(gain != 1 for gain in gains[number]) else []
        return cache_key(
            "keys", renderer_key, inputs.seed, plan.depth, style, digests, *extra,
            "again" if number in plan.retried else "", light, inputs.motion.cache_key(between),
            inputs.conditioning.cache_inputs(number), uses=inputs.stages,
        )  # fmt: skip

    own = [number for number in plan.keys if number not in plan.added | plan.late]
    before, first = "", plan.frames[0]
    for number in own:
        first = first if before else number
        keys[number] = key_of(number, first, number, before)
        before, first = inputs_half(keys[number]), number
    for number in sorted(plan.late - plan.added):
        near = max((key for key in own if key < number), default=own[0] if own else number)
        start = inputs_half(keys.get(near, ""))
        keys[number] = key_of(number, min(near, number), max(near, number), "late", number, start)
    return keys
