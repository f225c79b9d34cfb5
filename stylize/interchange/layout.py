"""Locations and names of the files that accompany a result."""

from dataclasses import dataclass, replace
from pathlib import Path

from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Target


@dataclass(frozen=True)
class Layout:
    """Location and base name of the exports: alongside a movie, or in the folder of the frames."""

    folder: Path
    name: str

    def file(self, suffix: str) -> Path:
        """Return the path of a file named after the shot."""
        return self.folder / f"{self.name}{suffix}"

    def pattern(self, kind: str, suffix: str, padding: int) -> Pattern:
        """Return the pattern of a sequence in a folder of its own."""
        return Pattern(self.folder / f"{self.name}_{kind}", f"{self.name}_{kind}.", padding, suffix)

    @property
    def matte(self) -> Pattern:
        """Pattern of the mattes, stored as data."""
        return self.pattern("matte", ".png", 4)

    def for_layer(self, layer: str) -> "Layout":
        """Return the layout of a layer; with an empty name, that of the whole."""
        return replace(self, name=f"{self.name}_layer_{layer}") if layer else self


def layout_of(shot: Shot, target: Target) -> Layout:
    """Return the layout: alongside the movie, or in the folder of the frames."""
    folder = target.path.parent if target.pattern is None else target.path
    return Layout(folder.resolve(), shot.name)
