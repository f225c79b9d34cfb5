"""Movies that replace pictures in timelines that reference movies only: an editor links them, frame for frame."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stylize.delivery.movie import write_movie
from stylize.interchange.timelines.timeline import Media, Timeline, is_conformed
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.project import Project
from stylize.settings import Settings
from stylize.stages import cache_key

# Timelines that do not support numbered pictures.
MOVIES_ONLY = ("xml", "fcpxml")
# More than 8 bits, full chroma, and alpha if there is any.
LINK_CODEC = "prores-4444"


def linked_movies(settings: Settings, shot: Shot, target: Target, folder: Path) -> dict[str, Path]:
    """Return the movies that the requested timelines need: of "plate", of "result", of both or of none."""
    if not set(settings.export) & set(MOVIES_ONLY):
        return {}
    pictures = {
        "plate": shot.kind == "sequence" or is_conformed(shot, settings.fps),
        "result": target.pattern is not None,
    }
    names = {"plate": f"{shot.name}_plate.mov", "result": f"{shot.name}_stylized.mov"}
    return {kind: folder / names[kind] for kind, needed in pictures.items() if needed}


def with_linked_movies(timeline: Timeline, files: Mapping[str, Path], shot: Shot) -> Timeline:
    """Return the timeline with these movies in place of pictures."""

    def replaced(kind: str, media: Media) -> Media:
        if kind not in files:
            return media
        alpha = "straight" if shot.alpha else None
        return replace(media, path=files[kind], pattern=None, alpha=alpha, sound=shot.audio)

    return replace(timeline, plate=replaced("plate", timeline.plate), result=replaced("result", timeline.result))


def write_linked_movie(
    shot: Shot, pictures: Mapping[int, Path], target: Path, settings: Settings, project: Project
) -> None:  # fmt: skip
    """Write one linked movie, unless it is up to date. pictures: file of every frame. Raises OutputError."""
    source = project.digest(shot.path) if shot.audio else ""
    time = [str(shot.rate), shot.times, str(shot.time_base), shot.timecode, str(shot.pixel_aspect), repr(shot.colour)]
    digests = [project.digest(pictures[frame]) for frame in shot.frames]
    key = cache_key("linked_media", source, time, digests, LINK_CODEC, settings=settings)
    if project.fresh(target, key):
        return
    write_movie(
        shot, pictures, target, codec=LINK_CODEC, fps=settings.fps, overwrite=settings.overwrite,
        ours=lambda path: project.may_replace(path.resolve()),
    )  # fmt: skip
    project.record(target, key)
