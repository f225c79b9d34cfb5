"""Estimate of the disk space that a run takes, made before any work starts."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from stylize.media.shot import Shot
from stylize.settings import Look, Settings

# Bytes in a file per byte of pixels, for filmed and painted pictures: PNG, its error map in 16-bit grey, and flow, of
# which there is a pair for each two frames. The files of real shots took 0.45 to 0.7, 0.1 to 0.2 and 0.1 to 0.2.
PNG, ERROR, FLOW = 0.7, 0.2, 0.2
# Bytes of the stored drawings of a pass, per byte of 8-bit pixels; they are deleted when their span is done.
STORED = 2.7
# Frames of a span whose drawings wait on disk at the same time, for each process.
SPAN = 60


@dataclass(frozen=True)
class DiskEstimate:
    """Bytes that a run writes into its project, and bytes free there."""

    needed: int
    free: int

    @property
    def fits(self) -> bool:
        """Return whether the run fits on the disk."""
        return self.needed <= self.free

    def __str__(self) -> str:
        return f"about {_spelled(self.needed)} of disk, {_spelled(self.free)} are free"


def estimate_disk(shot: Shot, settings: Settings, looks: tuple[Look, ...], project: Path) -> DiskEstimate:
    """Estimate the bytes that a run writes: plates of a movie, motion, frames with their passes, and the result.

    project: the folder, which need not exist yet.
    """
    width, height = shot.size
    pixels = width * height
    picture = pixels * (4 if shot.alpha else 3) * (shot.depth // 8) * PNG
    frames, layers = len(shot.frames), len(looks)
    needed = frames * picture if shot.kind == "movie" else 0.0
    if settings.runs("propagate"):
        per_frame = picture + pixels * 2 * ERROR + (picture if any(look.settings.matte for look in looks) else 0)
        needed += frames * layers * per_frame + (frames * per_frame if layers > 1 else 0)
        needed += frames * pixels * 8 * FLOW
        needed += min(frames, SPAN) * settings.jobs * pixels * 3 * STORED
    if settings.runs("export"):
        needed += frames * picture
    return DiskEstimate(round(needed), shutil.disk_usage(_existing(project)).free)


def _existing(folder: Path) -> Path:
    """Return a folder, or its nearest parent that exists."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.exists())


def _spelled(count: int) -> str:
    """Format a number of bytes for people: 12 MB, 3.4 GB."""
    if count >= 10**9:
        return f"{count / 10**9:.1f} GB"
    return f"{max(1, round(count / 10**6))} MB"
