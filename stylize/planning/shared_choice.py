"""Choices that a draft and the full run of a shot share, such as cuts and keyframes.

The first of the two runs makes a choice, and the other one uses it as long as the inputs at full size are the same:
options, footage, mattes and keys. Choices are stored in the main project, not in the folder of the draft.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from stylize.context.context import Context
from stylize.ingest.draft_plates import plate_contents
from stylize.project import Project
from stylize.stages import cache_key


@dataclass(frozen=True)
class SharedChoice:
    """One choice. project: project of the look at full size. key: cache key of all inputs of the choice."""

    project: Project
    key: str

    def recall(self) -> Any:
        """Return the choice that a draft or a full run has recorded, or None."""
        return self.project.recall(f"choice {self.key}", self.key)

    def remember(self, value: Any) -> None:
        """Record the choice; see ``Project.remember``."""
        self.project.remember(f"choice {self.key}", self.key, value)


def shared_choice(
    context: Context, stage: str, frames: Sequence[int], *inputs: Any, uses: Collection[str] = ()
) -> SharedChoice:
    """Return the choice of a stage for some frames.

    inputs, uses: see ``cache_key``. They must be equal in a draft and in the full run.
    """
    full = context.full
    contents = plate_contents(full.shot, full.project.main, frames)
    key = cache_key(
        stage, "choice", frames, [contents[frame] for frame in frames], full.matte_inputs(frames), *inputs,
        settings=context.settings, uses=uses,
    )  # fmt: skip
    return SharedChoice(full.project, key)
