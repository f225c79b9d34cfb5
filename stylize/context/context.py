"""Inputs that all stages of a run share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from masks.extent import Extent
from stylize.context.guides import Guide
from stylize.context.keys import Keys
from stylize.context.mattes import Mattes
from stylize.context.model_store import ModelStore
from stylize.context.motion import Motion
from stylize.media.frame_numbers import number_text
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.reporter import Reporter
from stylize.settings import Settings


@dataclass(frozen=True)
class Draft:
    """Draft of a look. scale: its size over that of the shot. full: the same look at full size.

    The plates of ``full`` need not be files.
    """

    scale: Fraction
    full: "Context"

    @property
    def label(self) -> str:
        """Label of the draft in the names of its results, such as draft-1-2."""
        return draft_label(self.scale)


@dataclass(frozen=True)
class Context:
    """Inputs of the stages for one look, which is a layer or the only look of the shot.

    name: name of the layer; empty for the only look. project: holds the keys and frames of the look. shot_project:
    holds the plates, motion and unpacked movies of the whole shot; the same as project for the only look. mattes: None
    if there are none, or if all of them are 1 everywhere. extents: extents of the mattes, by frame. draft: None at full
    size; in a draft, all pictures, sizes and folders are those of the draft. models: models that all looks share.
    """

    name: str
    shot: Shot
    settings: Settings
    project: Project
    shot_project: Project
    plates: Plates
    keys: Keys
    motion: Motion
    mattes: Mattes | None
    extents: Mapping[int, Extent]
    guides: tuple[Guide, ...]
    reporter: Reporter
    draft: Draft | None = None
    models: ModelStore = field(default_factory=ModelStore, compare=False)

    @property
    def full(self) -> "Context":
        """The same look at full size."""
        return self if self.draft is None else self.draft.full

    @cached_property
    def matte_is_empty(self) -> bool:
        """True if the matte is 0 in all frames, so that no pixel is stylised."""
        return self.mattes is not None and all(one.box is None for one in self.extents.values())

    def progress(self, stage: str, done: int, total: int, part: float = 0.0) -> None:
        """Report progress: done of total steps of a stage, and part of the next. See ``Reporter``."""
        self.reporter.progress(stage, done, total, part)

    def message(self, text: str) -> None:
        """Report a message or a warning. See ``Reporter``."""
        self.reporter.message(text)

    def during(self, task: str) -> "Context":
        """Return a copy of this context whose project records belong to a task."""
        project = self.project.during(task)
        draft = None if self.draft is None else replace(self.draft, full=self.draft.full.during(task))
        return replace(
            self,
            draft=draft,
            project=project,
            shot_project=project if self.shot_project is self.project else self.shot_project.during(task),
        )

    def file(self, folder: str, frame: int) -> Path:
        """Return the path of a frame in a folder of the project."""
        return self.project.folder(folder) / frame_name(self.shot, frame)

    def plate_digests(self, frames: Iterable[int]) -> list[str]:
        """Return the content digest of each frame's plate, in the order of frames."""
        return [self.project.plate_digest(self.plates.paths[frame]) for frame in frames]

    def matte_inputs(self, frames: Iterable[int]) -> list[object]:
        """Return the inputs of these frames' mattes, for cache keys. Empty without mattes."""
        return [] if self.mattes is None else self.mattes.cache_inputs(frames, self.project.digest)

    def guide_inputs(self, frames: Iterable[int]) -> list[object]:
        """Return the inputs of these frames' guides, for cache keys."""
        numbers = list(frames)
        return [
            [*guide.parameters(), *(self.project.digest(guide.paths[frame]) for frame in numbers)]
            for guide in self.guides
        ]


def draft_label(scale: Fraction) -> str:
    """Return the label of a draft in the names of its results, such as draft-1-2."""
    return f"draft-{scale_name(scale)}"


def scale_name(scale: Fraction) -> str:
    """Return a scale in the form for file names, such as 1-2."""
    return f"{scale.numerator}-{scale.denominator}"


def frame_name(shot: Shot, frame: int) -> str:
    """Return the file name of a frame. It is the same in every folder of the project."""
    return f"{shot.name}.{number_text(frame, 4)}.png"
