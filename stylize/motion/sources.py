"""Sources of a shot's motion: estimated, or read from files."""

from collections.abc import Callable
from pathlib import Path

from stylize.context.motion import Motion
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.motion.estimated import EstimatedMotion, Estimators
from stylize.motion.vectors import VectorFiles, VectorMotion
from stylize.project import MOTION
from stylize.project.records import Recorder


def make_motion(
    source: Estimators | VectorFiles, shot: Shot, plates: Plates, plate_digest: Callable[[int], str],
    digest: Callable[[Path], str], folder: Path,
) -> Motion:  # fmt: skip
    """Return a shot's motion.

    plate_digest: returns the content digest of a frame's plate. digest: returns that of a file. folder: project folder
    for estimated flow.
    """
    if isinstance(source, VectorFiles):
        return VectorMotion(source, digest)
    seal = Recorder(folder.parent, MOTION).seal
    return EstimatedMotion(plates.colour, plate_digest, source, folder, shot.name, seal=seal)
