"""Sources of a shot's motion: estimated, or read from files."""

from collections.abc import Callable
from pathlib import Path

from stylize.context.motion import Motion
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.motion.estimated import EstimatedMotion, Estimators, make_estimators
from stylize.motion.vectors import VectorFiles, VectorMotion, open_vectors
from stylize.settings import Settings


def motion_source(settings: Settings, shot: Shot) -> Estimators | VectorFiles:
    """Return the source of motion; raises before any work if something is missing for it."""
    # Cached refinement results have the motion in their cache key.
    exports_passes = settings.runs("export") and "passes" in settings.export
    if not (settings.runs("render") or settings.runs("propagate") or settings.refine or exports_passes):
        return make_estimators(Settings())  # it is not used
    back, forward = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if back is not None and forward is not None:
        return open_vectors(back, forward, shot)
    return make_estimators(settings)


def make_motion(
    source: Estimators | VectorFiles, shot: Shot, plates: Plates, plate_digest: Callable[[int], str],
    digest: Callable[[Path], str], folder: Path,
) -> Motion:  # fmt: skip
    """Return a shot's motion. plate_digest, digest: of the contents of a plate, a file. folder: for estimated flow."""
    if isinstance(source, VectorFiles):
        return VectorMotion(source, digest)
    return EstimatedMotion(plates.colour, plate_digest, source, folder, shot.name)
