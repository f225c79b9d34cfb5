"""Conditioning of a renderer besides plate, reference and earlier keys: the matte, and pictures for its controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from propagate.arrays import F32, Floats
from stylize.context.context import Context
from stylize.context.guides import Guide, open_control
from stylize.context.mattes import Mattes
from stylize.project import Project
from stylize.settings import MODEL_RENDERERS


@dataclass(frozen=True)
class Conditioning:
    """Conditioning of a shot, by frame. pictures: for controls, by the text of each control."""

    mattes: Mattes | None
    pictures: Mapping[str, Guide]
    project: Project
    retries: int = 0

    def request_fields(self, frame: int) -> dict[str, Any]:
        """Return fields of a RenderRequest. Raises MatteError or GuideError for a file that is no longer usable."""
        matte = None if self.mattes is None else self.mattes.read(frame)
        return {"matte": matte, "controls": {name: _colour(one.read(frame)) for name, one in self.pictures.items()}}

    def cache_inputs(self, frame: int) -> list[Any]:
        """Return what these fields depend on, for cache keys; empty without conditioning."""
        found: list[Any] = []
        if self.mattes is not None:
            found.append([self.project.digest(self.mattes.paths[frame]), self.mattes.shaping.parameters()])
        for name, one in self.pictures.items():
            found.append([name, self.project.digest(one.paths[frame]), one.parameters()])
        return found


def open_conditioning(context: Context) -> Conditioning:
    """Return the conditioning that the requested renderer uses.

    Raises GuideError for pictures that do not fit the shot.
    """
    if context.settings.renderer not in MODEL_RENDERERS:
        return Conditioning(None, {}, context.project)
    asked = [control for control in context.settings.control if control.path is not None]
    pictures = {str(one): open_control(one.path, context.shot, context.shot_project) for one in asked if one.path}
    return Conditioning(context.mattes, pictures, context.project, context.settings.retries)


def _colour(values: Floats) -> Floats:
    """Return values of 1, 2 or 3 channels as (H, W, 3): grey is repeated, a missing third channel is 0."""
    if values.ndim == 2:
        return np.repeat(values[..., None], 3, axis=2)
    return np.ascontiguousarray(np.pad(values, ((0, 0), (0, 0), (0, 3 - values.shape[2]))), F32)
