"""Plan for rendering the keys of a shot, and their inputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from propagate.arrays import F32, Bytes, Floats
from propagate.light import is_blank
from stylize.context.motion import Motion
from stylize.keys.key_choice import NO_CHOICE, KeyChoice
from stylize.media.colour import Colour
from stylize.renderers.protocol import Renderer


@dataclass(frozen=True)
class References:
    """The reference pictures.

    pictures: RGB, float32 (H, W, 3) in [0, 1], or RGBA, (H, W, 4), with straight alpha. digest: digest of their files
    and primaries.
    """

    pictures: tuple[Floats, ...]
    digest: str

    @cached_property
    def picture(self) -> Floats:
        """The first picture, composited over white: float32 (H, W, 3)."""
        picture = self.pictures[0]
        if picture.shape[2] == 4:
            picture = picture[..., :3] * picture[..., 3:] + (1 - picture[..., 3:])
        return np.ascontiguousarray(picture, F32)


@dataclass(frozen=True)
class PlateSource:
    """Access to plates.

    colour: returns the plate of a frame, RGB, uint8 (H, W, 3). digest: returns its digest. primaries: primaries of the
    plates.
    """

    colour: Callable[[int], Bytes]
    digest: Callable[[int], str]
    primaries: Colour


class Conditioning(Protocol):
    """Additional conditioning of the renderer: the matte, and the pictures of controls."""

    @property
    def retries(self) -> int:
        """Maximum number of retries for a key that disagrees with the previous one."""
        ...

    def request_fields(self, frame: int) -> dict[str, Any]:
        """Return fields of the request for a frame."""
        ...

    def cache_inputs(self, frame: int) -> list[Any]:
        """Return the inputs of these fields, for cache keys. Empty without conditioning."""
        ...

    def key_inputs(self, frame: int) -> dict[str, Any]:
        """Return the inputs of those fields that have an effect at a frame, by name. Empty without conditioning."""
        ...


@dataclass(frozen=True)
class KeyPlan:
    """Plan for rendering the keys of one shot.

    keys: file of each key by frame, ascending. painted: keys that are not rendered. added: painted keys that were
    neither chosen by the plan nor requested, and locked ones that are no longer chosen. depth: bits per channel, 8 or
    16. late: keys added by refinement, on which other keys do not depend. retried: keys that disagreed and are also
    rendered with other seeds. upgraded: keys that an earlier version rendered from the same inputs, as far as can be
    verified. light: light of each frame, in linear light, 1 for that of most of the shot; 1 if it is not given.
    choices: a person's, by frame. candidates: number of pictures to paint for each key, 1 for the key alone. repaint:
    keys to paint again although nothing has changed. keep_others: keep keys that only start from other pictures.
    """

    frames: tuple[int, ...]
    keys: Mapping[int, Path]
    painted: frozenset[int]
    added: frozenset[int]
    depth: int
    late: frozenset[int] = frozenset()
    retried: frozenset[int] = frozenset()
    upgraded: frozenset[int] = frozenset()
    light: Mapping[int, float] = field(default_factory=dict)
    choices: Mapping[int, KeyChoice] = field(default_factory=dict)
    candidates: int = 1
    repaint: frozenset[int] = frozenset()
    keep_others: bool = False

    def choice(self, number: int) -> KeyChoice:
        """Return the choice for a key."""
        return self.choices.get(number, NO_CHOICE)

    def gain(self, number: int, plate: Bytes) -> float:
        """Return the light of a frame, and 1 for a plate that is black or white."""
        gain = self.light.get(number, 1.0)
        return 1.0 if gain <= 0 or is_blank(plate) else gain

    def source(self, number: int) -> int | None:
        """Return the key that a key is warped from: the previous one, or the next one for a late key without one."""
        others = [key for key in self.keys if key not in self.late]
        before = [key for key in others if key < number]
        later = [key for key in others if key > number and number in self.late]
        return before[-1] if before else later[0] if later else None


@dataclass(frozen=True)
class KeyInputs:
    """Inputs of the keys of a shot.

    stages: names of the stages of renderer and motion, for cache keys. references: None for renderers without one.
    renderer_name: value of ``--renderer``. former_renderer_key: returns the cache key of the renderer without the
    prompts of single keys, as projects of earlier versions recorded it.
    """

    plates: PlateSource
    renderer: Renderer
    stages: tuple[str, ...]
    references: References | None
    seed: int
    motion: Motion
    conditioning: Conditioning
    renderer_name: str
    former_renderer_key: Callable[[], str]
