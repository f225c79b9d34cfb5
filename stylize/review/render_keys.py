"""Runs that render keys or their candidates, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from stylize.errors import ReviewError
from stylize.review.shown_project import ShownProject
from stylize.settings.references import shell_word
from stylize.visible_text import visible


@dataclass(frozen=True)
class Rendering:
    """Rendering that the page asks for. candidates: number for each key; 0 for the keys alone.

    scale: of the draft whose keys are rendered; None for the full size. Keys that only start from a key that is
    rendered again are kept: the page renders one key again, not its followers.
    """

    candidates: int = 0
    scale: Fraction | None = None

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Rendering":
        """Return the rendering that values of a request describe. Raises ReviewError for others."""
        candidates, part = values.get("candidates", 0), values.get("part", "")
        if not isinstance(candidates, int) or isinstance(candidates, bool) or not isinstance(part, str):
            raise ReviewError("expected a number of candidates; reload the page")
        return cls(candidates, _scale_of(part))

    @property
    def options(self) -> dict[str, Any]:
        """Options of the run."""
        found: dict[str, Any] = {"to_stage": "render", "keep_others": True}
        if self.candidates:
            found["candidates"] = self.candidates
        return found if self.scale is None else found | {"draft": True, "scale": str(self.scale)}


def command_of_rendering(project: ShownProject, wanted: Rendering) -> str:
    """Return the command line that does the same."""
    words = ["stylize", shell_word(str(project.root)), "--to", "render", "--keep-others"]
    words += ["--candidates", str(wanted.candidates)] if wanted.candidates else []
    words += ["--draft", "--scale", str(wanted.scale)] if wanted.scale is not None else []
    return visible(" ".join(words))


def _scale_of(part: str) -> Fraction | None:
    """Return the scale of a part that is a draft, whose name is such as drafts/1-2; None for the full size."""
    words = part.split("/")
    if words[0] != "drafts" or len(words) < 2:
        return None
    try:
        return Fraction(words[1].replace("-", "/"))
    except (ValueError, ZeroDivisionError):
        raise ReviewError("expected a part of the project; reload the page") from None
