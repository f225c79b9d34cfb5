"""Inputs of every stage of a run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from masks.extent import Extent
from stylize.context.guides import Guide
from stylize.context.keys import Keys
from stylize.context.mattes import Mattes
from stylize.context.motion import Motion
from stylize.event_log import NO_LOG, EventLog
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import Settings

# Stage, frames done, total frames.
Progress = Callable[[str, int, int], None]
# A message of one line.
Message = Callable[[str], None]


@dataclass(frozen=True)
class Context:
    """Inputs of every stage for one look: the only one, or a layer.

    name: of a layer, else empty. project: holds its keys and frames. shot_project: holds the plates, motion and
    unpacked movies of the whole shot; the same as project for the only look. mattes: None if there are none, or if all
    of them are 1 everywhere. extents: of the mattes, by frame.
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
    progress: Progress
    message: Message
    log: EventLog = NO_LOG

    @cached_property
    def matte_is_empty(self) -> bool:
        """Return whether the matte is 0 in all frames, so that the style is applied nowhere."""
        return self.mattes is not None and all(one.box is None for one in self.extents.values())

    def during(self, task: str) -> "Context":
        """Return the same look with its records assigned to a task."""
        project = self.project.during(task)
        return replace(
            self,
            project=project,
            shot_project=project if self.shot_project is self.project else self.shot_project.during(task),
        )

    def file(self, folder: str, frame: int) -> Path:
        """Return the file of a frame in a folder of the project."""
        return self.project.folder(folder) / frame_name(self.shot, frame)

    def plate_digests(self, frames: Iterable[int]) -> list[str]:
        """Return the digests of the plates of these frames."""
        return [self.project.digest(self.plates.paths[frame]) for frame in frames]

    def matte_inputs(self, frames: Iterable[int]) -> list[object]:
        """Return what the mattes of these frames depend on, for cache keys; empty without mattes."""
        return [] if self.mattes is None else self.mattes.cache_inputs(frames, self.project.digest)

    def guide_inputs(self, frames: Iterable[int]) -> list[object]:
        """Return what the guides of these frames depend on, for cache keys."""
        numbers = list(frames)
        return [
            [*guide.parameters(), *(self.project.digest(guide.paths[frame]) for frame in numbers)]
            for guide in self.guides
        ]


def frame_name(shot: Shot, frame: int) -> str:
    """Return the file name of a frame, the same in every folder of the project."""
    return f"{shot.name}.{frame:04d}.png"
