"""Where everything that goes with a result lies, and what it is called."""

from dataclasses import dataclass, replace
from pathlib import Path

from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Target


@dataclass(frozen=True)
class Layout:
    """Where everything goes: beside a movie, or into the folder of the frames."""

    folder: Path
    name: str

    def file(self, suffix: str) -> Path:
        """A file named after the shot."""
        return self.folder / f"{self.name}{suffix}"

    def pattern(self, kind: str, suffix: str, padding: int) -> Pattern:
        """A sequence in a folder of its own."""
        return Pattern(self.folder / f"{self.name}_{kind}", f"{self.name}_{kind}.", padding, suffix)

    @property
    def matte(self) -> Pattern:
        """Mattes, as data."""
        return self.pattern("matte", ".png", 4)

    def for_layer(self, layer: str) -> "Layout":
        """Those of a layer; without a name, of the whole."""
        return replace(self, name=f"{self.name}_layer_{layer}") if layer else self


def layout_of(shot: Shot, target: Target) -> Layout:
    """Beside the movie, or in the folder of the frames."""
    folder = target.path.parent if target.pattern is None else target.path
    return Layout(folder.resolve(), shot.name)
