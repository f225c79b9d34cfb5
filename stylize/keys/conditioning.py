"""Additional conditioning of a renderer: the matte, and the pictures of its controls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.context.context import Context
from stylize.context.guides import Guide, open_control
from stylize.context.mattes import Mattes
from stylize.context.scaled_inputs import scaled_guide
from stylize.extensions.discovery import renderer
from stylize.keys.shot_colours import ShotColours, shot_colours
from stylize.media.plates import plate_pattern
from stylize.project import Project
from stylize.stages import stable_hash


@dataclass(frozen=True)
class Conditioning:
    """Conditioning of a shot.

    mattes: None if the renderer uses none. pictures: pictures of each control, keyed by its text. retries: max number
    of retries for a key that disagrees with the previous one. shot: colours of the shot, None if the renderer uses
    none. scale: see ``RenderRequest``. active_pictures: returns those controls with pictures that have an effect at a
    frame, by their text.
    """

    mattes: Mattes | None
    pictures: Mapping[str, Guide]
    project: Project
    retries: int = 0
    shot: ShotColours | None = None
    scale: float = 1.0
    active_pictures: Callable[[int], Sequence[str]] = lambda frame: ()

    def request_fields(self, frame: int) -> dict[str, Any]:
        """Return fields of a RenderRequest. Raises MatteError or GuideError if a file is no longer usable."""
        matte = None if self.mattes is None else self.mattes.read(frame)
        controls = {name: _colour(one.read(frame)) for name, one in self.pictures.items()}
        shot = None if self.shot is None else self.shot.pixels
        return {"matte": matte, "controls": controls, "shot": shot, "scale": self.scale}

    def cache_inputs(self, frame: int) -> list[Any]:
        """Return the inputs of these fields, for cache keys. Empty without conditioning."""
        found: list[Any] = [] if self.scale == 1 else [self.scale]
        if self.mattes is not None:
            found.append([self.project.digest(self.mattes.paths[frame]), self.mattes.shaping.parameters()])
        for name, one in self.pictures.items():
            found.append([name, self.project.digest(one.paths[frame]), one.parameters()])
        if self.shot is not None:
            found.append(["shot", *self.shot.cache_inputs()])
        return found

    def key_inputs(self, frame: int) -> dict[str, Any]:
        """Return the inputs of those fields that have an effect at a frame, by name. Empty without conditioning."""
        found: dict[str, Any] = {} if self.scale == 1 else {"scale": self.scale}
        if self.mattes is not None:
            found["matte"] = [self.project.digest(self.mattes.paths[frame]), self.mattes.shaping.parameters()]
        if pictures := [self.pictures[name] for name in self.active_pictures(frame)]:
            found["control pictures"] = [[self.project.digest(one.paths[frame]), one.parameters()] for one in pictures]
        if self.shot is not None:
            found["colours of the shot"] = self.shot.cache_inputs()
        return found


def open_conditioning(context: Context) -> Conditioning:
    """Return the conditioning that the requested renderer uses.

    Raises GuideError if pictures do not fit the shot.
    """
    chosen = renderer(context.settings.renderer)
    mattes = context.mattes if chosen.takes_matte else None
    controls = context.settings.control if chosen.takes_controls else ()
    with_pictures = [control for control in controls if control.path is not None]
    pictures = {str(one): _open_control(context, one.path) for one in with_pictures if one.path}
    retries = context.settings.retries if chosen.retries else 0

    def active(frame: int) -> list[str]:
        return [str(one) for one in with_pictures if one.strength.weight.at(frame) > 0]

    scale = 1.0 if context.draft is None else float(context.draft.scale)
    return Conditioning(mattes, pictures, context.project, retries, shot_colours(context), scale, active)


def _open_control(context: Context, path: Path) -> Guide:
    """Return the pictures of a control, scaled in a draft."""
    full = open_control(path, context.full.shot, context.full.shot_project)
    if context.draft is None:
        return full
    folder = context.shot_project.folder("guides") / f"control-{stable_hash(str(path))[:12]}"
    return scaled_guide(full, context.shot.size, context.shot_project, plate_pattern(context.shot, folder))


def _colour(values: Floats) -> Floats:
    """Convert 1, 2 or 3 channels to float32 (H, W, 3). Grey is repeated; a missing third channel is 0."""
    if values.ndim == 2:
        return np.repeat(values[..., None], 3, axis=2)
    return np.ascontiguousarray(np.pad(values, ((0, 0), (0, 0), (0, 3 - values.shape[2]))), F32)
