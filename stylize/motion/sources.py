"""Sources of a shot's motion: estimated, or read from files."""

from collections.abc import Callable
from pathlib import Path

from stylize.context.motion import Motion
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.motion.estimated import EstimatedMotion, Estimators
from stylize.motion.vectors import VectorFiles, VectorMotion


def make_motion(
    source: Estimators | VectorFiles, shot: Shot, plates: Plates, plate_digest: Callable[[int], str],
    digest: Callable[[Path], str], folder: Path,
) -> Motion:  # fmt: skip
    """Return a shot's motion. plate_digest, digest: of the contents of a plate, a file. folder: for estimated flow."""
    if isinstance(source, VectorFiles):
        return VectorMotion(source, digest)
    return EstimatedMotion(plates.colour, plate_digest, source, folder, shot.name)
