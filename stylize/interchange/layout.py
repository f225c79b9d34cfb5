"""Locations and names of the files that accompany a result."""

from dataclasses import dataclass, replace
from pathlib import Path

from stylize.media.sequences import DEFAULT_PADDING, Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.real_path import real_path


@dataclass(frozen=True)
class Layout:
    """Folder and base name of exports, in the folder of the movie or of the frames.

    padding: minimum number of digits of frame numbers.
    """

    folder: Path
    name: str
    padding: int = DEFAULT_PADDING

    def file(self, suffix: str) -> Path:
        """Return the path of a file. suffix: end of its name."""
        return self.folder / f"{self.name}{suffix}"

    def pattern(self, kind: str, suffix: str) -> Pattern:
        """Return the pattern of a sequence in a separate folder. kind: part of its name."""
        return Pattern(self.folder / f"{self.name}_{kind}", f"{self.name}_{kind}.", self.padding, suffix)

    @property
    def matte(self) -> Pattern:
        """Pattern of the mattes, stored as data."""
        return self.pattern("matte", ".png")

    def for_layer(self, layer: str) -> "Layout":
        """Return the layout of a layer, or this layout for an empty name."""
        return replace(self, name=f"{self.name}_layer_{layer}") if layer else self


def layout_of(shot: Shot, target: Target) -> Layout:
    """Return the layout of a shot's exports: in the folder of the movie, or in that of the frames."""
    folder = target.path.parent if target.pattern is None else target.path
    return Layout(real_path(folder), shot.name, shot.padding)
