"""Movies that replace picture sequences in timelines whose format can link only movies."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from stylize.delivery.movie import write_movie
from stylize.extensions.discovery import exporter
from stylize.interchange.timelines.timeline import Media, Timeline, is_conformed
from stylize.media.safe_write import location
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.project import Project
from stylize.settings import Settings
from stylize.stages import cache_key

# It keeps more than 8 bits, full chroma, and alpha.
LINK_CODEC = "prores-4444"


def movies_only(settings: Settings) -> list[str]:
    """Return the names of requested exports whose files can link only movies."""
    return [name for name in settings.export if exporter(name).movies_only]


def linked_movies(settings: Settings, shot: Shot, target: Target, folder: Path) -> dict[str, Path]:
    """Return the movies that the requested timelines need, by kind: "plate" and "result" if these are sequences."""
    if not movies_only(settings):
        return {}
    pictures = {
        "plate": shot.kind == "sequence" or is_conformed(shot, settings.fps),
        "result": target.pattern is not None,
    }
    names = {"plate": f"{shot.name}_plate.mov", "result": f"{shot.name}_stylized.mov"}
    return {kind: folder / names[kind] for kind, needed in pictures.items() if needed}


def with_linked_movies(timeline: Timeline, files: Mapping[str, Path], shot: Shot) -> Timeline:
    """Return the timeline with these movies instead of pictures. files: as returned by ``linked_movies``."""

    def replaced(kind: str, media: Media) -> Media:
        if kind not in files:
            return media
        alpha = "straight" if shot.alpha else None
        return replace(media, path=files[kind], pattern=None, alpha=alpha, sound=shot.audio_channels)

    return replace(timeline, plate=replaced("plate", timeline.plate), result=replaced("result", timeline.result))


def write_linked_movie(
    shot: Shot, pictures: Mapping[int, Path], target: Path, settings: Settings, project: Project,
    on_frame: Callable[[int], None],
) -> None:  # fmt: skip
    """Write a linked movie, unless it is up to date. pictures: file of each frame. Raises OutputError."""
    source = project.digest(shot.path) if shot.audio else ""
    time = [str(shot.rate), shot.times, str(shot.time_base), shot.timecode, str(shot.pixel_aspect), repr(shot.colour)]
    digests = [project.digest(pictures[frame]) for frame in shot.frames]
    key = cache_key("linked_media", source, time, digests, LINK_CODEC, settings=settings)
    if project.fresh(target, key):
        return
    write_movie(
        shot, pictures, target, codec=LINK_CODEC, fps=settings.fps, overwrite=settings.overwrite,
        ours=lambda path: project.ours(location(path)), seal=project.seal(key), on_frame=on_frame,
    )  # fmt: skip
