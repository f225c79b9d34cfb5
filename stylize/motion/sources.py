"""Where the motion of a shot comes from: estimated, or given as files."""

from collections.abc import Callable
from pathlib import Path

from stylize.context.motion import Motion
from stylize.media.plates import Plates
from stylize.media.shot import Shot
from stylize.motion.estimated import EstimatedMotion, Estimators, make_estimators
from stylize.motion.vectors import VectorFiles, VectorMotion, open_vectors
from stylize.settings import Settings


def motion_source(settings: Settings, shot: Shot) -> Estimators | VectorFiles:
    """Where motion comes from. Says before any work is done what is missing for it."""
    # What refining has found is known by the motion that it was found with.
    exports_passes = settings.runs("export") and "passes" in settings.export
    if not (settings.runs("render") or settings.runs("propagate") or settings.refine or exports_passes):
        return make_estimators(Settings())  # nothing will be asked of it
    back, forward = settings.vectors_back or settings.vectors, settings.vectors_forward or settings.vectors
    if back is not None and forward is not None:
        return open_vectors(back, forward, shot)
    return make_estimators(settings)


def make_motion(
    source: Estimators | VectorFiles, shot: Shot, plates: Plates, plate_digest: Callable[[int], str],
    digest: Callable[[Path], str], folder: Path,
) -> Motion:  # fmt: skip
    """The motion of a shot. plate_digest, digest: of a plate's and of a file's contents. folder: for estimated flow."""
    if isinstance(source, VectorFiles):
        return VectorMotion(source, digest)
    return EstimatedMotion(plates.colour, plate_digest, source, folder, shot.name)
