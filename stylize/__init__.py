"""Carry a painted look through a live-action shot from a few keyframes.

import stylize
result = stylize.run("shot.mp4", style="ref.png")
print(result.frames[12])
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize import errors
from stylize.errors import StylizeError
from stylize.settings import OPTIONS, Settings, current_names

if TYPE_CHECKING:
    from stylize.result import Result

__all__ = ["Settings", "StylizeError", "errors", "plan", "run"]


def _silent(*_: object) -> None:
    """Hears and says nothing."""


def _build_settings(settings: dict[str, Any]) -> Settings:
    """The settings, laid over those of a key that is to be painted again."""
    settings = current_names(settings, OPTIONS)
    if settings.get("like") is None:
        return Settings(**settings)
    from stylize.keys.reproduce import settings_from_key
    from stylize.settings import merge_settings

    return Settings(**merge_settings(settings_from_key(Path(settings["like"]), settings), settings))


def run(
    shot: str | Path,
    *,
    on_progress: Callable[[str, int, int], None] = _silent,
    on_message: Callable[[str], None] = _silent,
    **settings: Any,
) -> "Result":
    """Stylises a shot and returns what was made.

    shot: a movie, a folder of frames or a pattern (``name.####.png``). settings: every option of the command by
    its name, ``style="ref.png", keyframes=(12, 40)``; see ``Settings``. on_progress(stage, done, total) and
    on_message(text) are called as the work goes on. The project folder keeps what is done: run again, and only
    what has changed is made anew. Raises StylizeError, and for an unknown option TypeError.
    """
    from stylize import pipeline

    built = _build_settings(settings)
    return pipeline.run(Path(shot), built, built.project, on_progress, on_message)


def plan(
    shot: str | Path,
    *,
    on_progress: Callable[[str, int, int], None] = _silent,
    on_message: Callable[[str], None] = _silent,
    **settings: Any,
) -> "Result":
    """Finds cuts and keyframes, in ``result.shots``, and renders nothing; arguments as of ``run``."""
    from stylize import pipeline

    built = _build_settings(settings)
    return pipeline.plan(Path(shot), built, built.project, on_progress, on_message)
