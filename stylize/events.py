"""Events of a run, which ``on_event`` receives and ``--log-json`` writes.

A run sends them one at a time. ``layer`` is the layer that an event belongs to, empty for the whole shot.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StageProgress:
    """Progress of a stage. done, total: in steps of the stage, such as frames, keys, drawings or megabytes.

    seconds_left: an estimate of the time left in the stage, from the duration of its steps so far and of those of
    earlier runs; None while nothing is known. part: finished share, 0..1, of the step in progress, such as a key that
    is being painted. place, places: place of the stage among those of the run, from 1, and their number; 0 for a stage
    that is not planned, such as a download. run_seconds_left: the same for the whole run; None until the keyframes are
    planned, and while a later stage has not been measured on this machine.
    """

    stage: str
    done: int
    total: int
    layer: str = ""
    seconds_left: float | None = None
    part: float = 0.0
    place: int = 0
    places: int = 0
    run_seconds_left: float | None = None

    @property
    def label(self) -> str:
        """Stage and layer in words."""
        return f"{self.stage} {self.layer}" if self.layer else self.stage


@dataclass(frozen=True)
class Message:
    """Line for display. text: without the layer's name. is_warning: about a loss, or about a setting to change.

    is_detail: for display only on request, as with ``--verbose``.
    """

    text: str
    layer: str = ""
    is_warning: bool = False
    is_detail: bool = False

    def __str__(self) -> str:
        text = f"layer {self.layer}: {self.text}" if self.layer else self.text
        return f"{WARNING}{text}" if self.is_warning else text


@dataclass(frozen=True)
class TaskStarted:
    """A task of the run starts. id: its kind and a distinguishing part, such as ``span:0007``."""

    id: str


@dataclass(frozen=True)
class TaskDone:
    """A task of the run is done."""

    id: str


@dataclass(frozen=True)
class KeyRendered:
    """A keyframe has been rendered in this run. path: path of its picture."""

    frame: int
    path: Path
    layer: str = ""


@dataclass(frozen=True)
class FrameFinished:
    """A frame has been made in this run. path: path of its picture, which is complete and recorded.

    With layers, every layer finishes its own frames first, and then the whole shot, whose ``layer`` is empty.
    Refinement may finish a frame more than once.
    """

    frame: int
    path: Path
    layer: str = ""


Event = StageProgress | Message | TaskStarted | TaskDone | KeyRendered | FrameFinished

# Prefix of a warning in text form.
WARNING = "warning: "


def read_message(text: str, layer: str = "") -> Message:
    """Convert a line of text to a message; a prefix marks warnings."""
    return Message(text.removeprefix(WARNING), layer, text.startswith(WARNING))
