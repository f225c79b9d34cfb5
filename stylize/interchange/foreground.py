"""The stylised foreground, cut out of the plate for the compositor, as pictures or as a movie.

Alpha follows the format: straight in PNG, TIFF and ProRes 4444, premultiplied in linear light in EXR. A TIFF declares
which it is. Colour under an alpha of 0 is black.
"""

from dataclasses import replace
from pathlib import Path

from stylize.delivery.movie import write_movie
from stylize.delivery.sequence import stamps_of
from stylize.interchange.foreground_layers import Foreground
from stylize.interchange.layout import Layout
from stylize.interchange.timelines.timeline import Media
from stylize.media.codecs import codec_of
from stylize.media.images import write_image
from stylize.media.safe_write import make_folder
from stylize.media.sequences import Pattern
from stylize.media.targets import Encoding, Target
from stylize.media.working_spaces import REC709
from stylize.stages import cache_key

# Kinds of picture that keep alpha, and the alpha mode of each.
ALPHA_MODES = {".png": "straight", ".tif": "straight", ".tiff": "straight", ".exr": "premultiplied"}
# The codec of movies with alpha that every editor and compositor reads.
_ALPHA_CODEC = "prores-4444"
_KIND, _PADDING = "foreground", 4


def foreground_target(layout: Layout, target: Target, codec: str | None) -> Target:
    """Return the target of the foreground: a ProRes 4444 movie or pictures, like the result.

    PNG if the result's format keeps no alpha, or is FFV1, which compositors do not read.
    """
    if target.pattern is None and codec_of(target.path.suffix, codec).name == _ALPHA_CODEC:
        return Target("movie", layout.file(f"_{_KIND}.mov"), None)
    suffix = ".png" if target.pattern is None else target.pattern.path(0).suffix.lower()
    pattern = layout.pattern(_KIND, suffix if suffix in ALPHA_MODES else ".png", _PADDING)
    return Target("pattern", pattern.folder, pattern)


def foreground_media(result: Media, name: str, target: Target) -> Media:
    """Return the foreground as a medium, with the frames and numbers of the result."""
    alpha = ALPHA_MODES[target.pattern.suffix.lower()] if target.pattern else "straight"
    return replace(result, name=name, path=target.path, pattern=target.pattern, alpha=alpha, sound=False)


def write_foreground(foreground: Foreground, target: Target, encoding: Encoding) -> None:
    """Write every frame of the foreground that is missing or out of date; all frames of a movie.

    Raises OutputError: a frame that has not been made, files that cannot be written.
    """
    if target.pattern is None:
        _write_movie(foreground, target.path, encoding)
    else:
        _write_pictures(foreground, target.pattern, encoding)


def _write_pictures(foreground: Foreground, pattern: Pattern, encoding: Encoding) -> None:
    context, linear = foreground.context, pattern.suffix.lower() == ".exr"
    make_folder(pattern.folder)
    stamps = stamps_of(context.shot, encoding.fps)
    bits = 16 if linear else encoding.bits or foreground.depth
    for frame in context.shot.frames:
        path = pattern.path(frame)
        key = cache_key(
            "foreground",
            foreground.cache_inputs(frame),
            bits,
            encoding.space,
            repr(stamps[frame]),
            repr(context.shot.colour),
        )
        if not context.shot_project.fresh(path, key):
            # For an 8-bit file, a 16-bit look is cut out at its full depth first.
            pixels = foreground.cutout(frame, max(bits, foreground.depth))
            space, colour = encoding.space or REC709, context.shot.colour
            write_image(path, pixels, bits=None if linear else bits, space=space, stamp=stamps[frame], colour=colour)
            context.shot_project.record(path, key)


def _write_movie(foreground: Foreground, path: Path, encoding: Encoding) -> None:
    context = foreground.context
    shot = replace(context.shot, audio=False)
    time = [str(shot.rate), shot.times, str(shot.time_base), shot.timecode, str(shot.pixel_aspect), repr(shot.colour)]
    frame_inputs = [foreground.cache_inputs(frame) for frame in shot.frames]
    key = cache_key("foreground", time, str(encoding.fps), frame_inputs, _ALPHA_CODEC)
    if context.shot_project.fresh(path, key):
        return
    depth = foreground.depth
    finished = {frame: context.file("out", frame) for frame in shot.frames}
    write_movie(
        shot, finished, path, codec=_ALPHA_CODEC, fps=encoding.fps, overwrite=True,
        cutout=lambda frame: foreground.cutout(frame, depth),
    )  # fmt: skip
    context.shot_project.record(path, key)
