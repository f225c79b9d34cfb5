"""Interface of exporters, which write files for other programs in addition to the result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from propagate.arrays import Floats
from stylize.context.context import Context
from stylize.interchange.layout import Layout
from stylize.media.safe_write import Seal
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.planning.picking import ShotPlan
from stylize.settings import Settings

# Class of the options that an exporter declares.
Options = TypeVar("Options")


@dataclass(frozen=True)
class ExporterSetup(Generic[Options]):
    """Arguments that an exporter is opened with. name: its registered name. options: its own options."""

    name: str
    settings: Settings
    options: Options


@dataclass(frozen=True)
class ExportPlan:
    """Properties of an export that are known before a run.

    target: destination of the result. layout: locations and names of the exported files. layer: name of the layer;
    empty for the only look, and for the composite of all layers. keys: frame numbers of its keyframes, if known.
    has_matte: the look has a matte.
    """

    settings: Settings
    shot: Shot
    target: Target
    layout: Layout
    layer: str
    keys: Sequence[int]
    has_matte: bool


@dataclass(frozen=True)
class ExportJob:
    """An export of a finished look, or of the composite of all layers.

    context: context of the look or the composite. cuts: its shots with their keyframes. looks: all looks, from the
    lowest layer. layers_above: looks above this one. matte: pattern of the written mattes of the composite, if any.
    """

    plan: ExportPlan
    context: Context
    cuts: Sequence[ShotPlan]
    looks: Sequence[Context]
    layers_above: Sequence[Context] = ()
    matte: Pattern | None = None

    @property
    def seal(self) -> Seal:
        """Seal for ``atomic_write`` that records the exported files, so that a later run may replace them."""
        return self.context.shot_project.seal("")

    @property
    def frames(self) -> Mapping[int, Path]:
        """Finished picture of each frame, by frame number."""
        return {frame: self.context.file("out", frame) for frame in self.context.shot.frames}

    @property
    def plates(self) -> Mapping[int, Path]:
        """Plate of each frame, by frame number."""
        return self.context.plates.paths

    @property
    def keys(self) -> Mapping[int, Path]:
        """Picture of each key of the look, by frame number. Empty for the composite of several layers."""
        return self.context.keys.files()

    @property
    def read_matte(self) -> Callable[[int], Floats] | None:
        """Function that returns the matte of a frame, float32 (H, W) in [0, 1]. None if the look covers all pixels."""
        return None if self.context.mattes is None else self.context.mattes.read


class Exporter(Protocol):
    """Writer of the files that accompany a result.

    To add one, write a class with these methods whose constructor takes an ``ExporterSetup``. Register it in
    ``stylize/extensions/built_in.py`` or in a separate distribution (docs/development/extensions.md), and add it to the
    contract tests in ``tests/contracts/test_exporters.py``.
    """

    def files(self, plan: ExportPlan) -> Sequence[Path]:
        """Return all files that ``write`` writes, in ``plan.layout.folder`` or below, without writing them.

        A preflight check uses them to protect the user's files.
        """
        ...

    def write(self, job: ExportJob) -> Sequence[Path]:
        """Write these files. Return the files and folders to report to the user. Raises OutputError."""
        ...
