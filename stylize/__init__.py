"""Propagate a painted look through a live-action shot from a few keyframes.

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
    """Ignore a callback."""


def _build_settings(settings: dict[str, Any]) -> Settings:
    """Return the settings, which override those of a key to be reproduced."""
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
    """Stylise a shot and return the result.

    shot: a movie, a folder of frames or a pattern (``name.####.png``). settings: every option of the command by
    its name, ``style="ref.png", keyframes=(12, 40)``; see ``Settings``. on_progress(stage, done, total) and
    on_message(text) are called during the run. The project folder caches results: a second run regenerates only
    what has changed. Raises StylizeError, and TypeError for an unknown option.
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
    """Find cuts and keyframes, in ``result.shots``, and render nothing; takes the arguments of ``run``."""
    from stylize import pipeline

    built = _build_settings(settings)
    return pipeline.plan(Path(shot), built, built.project, on_progress, on_message)
