"""Stylised foreground with alpha for compositing, as pictures or as a movie.

Alpha is straight in PNG, TIFF and ProRes 4444, and premultiplied in linear light in EXR. TIFF files declare their alpha
mode. Pixels with an alpha of 0 are black.
"""

from dataclasses import replace
from pathlib import Path

from stylize.delivery.movie import write_movie
from stylize.delivery.scene_linear import linear_plates, result_space
from stylize.delivery.sequence import stamps_of
from stylize.interchange.foreground_layers import Foreground
from stylize.interchange.layout import Layout
from stylize.interchange.timelines.timeline import Media
from stylize.media.codecs import codec_of
from stylize.media.images import write_image
from stylize.media.safe_write import make_folder
from stylize.media.sequences import Pattern
from stylize.media.targets import Encoding, Target
from stylize.stages import cache_key

# Alpha mode of picture formats with alpha.
ALPHA_MODES = {".png": "straight", ".tif": "straight", ".tiff": "straight", ".exr": "premultiplied"}
# Codec with alpha that all editors and compositors support.
_ALPHA_CODEC = "prores-4444"
_KIND = "foreground"


def foreground_target(layout: Layout, target: Target, codec: str | None) -> Target:
    """Return the target of the foreground: a ProRes 4444 movie or pictures, like the result.

    The format is PNG if that of the result has no alpha, or is FFV1, which compositors do not support.
    """
    if target.pattern is None and codec_of(target.path.suffix, codec).name == _ALPHA_CODEC:
        return Target("movie", layout.file(f"_{_KIND}.mov"), None)
    suffix = ".png" if target.pattern is None else target.pattern.path(0).suffix.lower()
    pattern = layout.pattern(_KIND, suffix if suffix in ALPHA_MODES else ".png")
    return Target("pattern", pattern.folder, pattern)


def foreground_media(result: Media, name: str, target: Target) -> Media:
    """Return the foreground as media with the frames and numbers of the result."""
    alpha = ALPHA_MODES[target.pattern.suffix.lower()] if target.pattern else "straight"
    return replace(result, name=name, path=target.path, pattern=target.pattern, alpha=alpha, sound=())


def write_foreground(foreground: Foreground, target: Target, encoding: Encoding) -> None:
    """Write the missing and outdated frames of the foreground. A movie is written as a whole.

    Raises OutputError if a look is incomplete, or files cannot be written.
    """
    if target.pattern is None:
        _write_movie(foreground, target.path, encoding)
    else:
        _write_pictures(foreground, target.pattern, encoding)


def _write_pictures(foreground: Foreground, pattern: Pattern, encoding: Encoding) -> None:
    context, linear = foreground.context, pattern.suffix.lower() == ".exr"
    # The foreground is the light of the view alone: plates do not show in it.
    light = linear_plates(context.shot, None, None, draft=True) if linear else None
    space = result_space(context.shot, encoding.space)
    make_folder(pattern.folder)
    stamps = stamps_of(context.shot, encoding.fps)
    bits = 16 if linear else encoding.bits or foreground.depth
    for frame in context.shot.frames:
        context.reporter.check()
        path = pattern.path(frame)
        key = cache_key(
            "foreground",
            foreground.cache_inputs(frame),
            bits,
            encoding.space,
            repr(stamps[frame]),
            repr(context.shot.colour),
            *([] if light is None else [repr(light.view), space]),
        )
        if not context.shot_project.fresh(path, key):
            # A 16-bit look is cut out at its full depth, even for an 8-bit file.
            pixels = foreground.cutout(frame, max(bits, foreground.depth))
            seal = context.shot_project.seal(key)
            if light is not None:
                light.write_picture(pixels, path, space, stamps[frame], seal)
                continue
            write_image(
                path, pixels, bits=None if linear else bits, space=space, stamp=stamps[frame],
                colour=context.shot.colour, seal=seal,
            )  # fmt: skip


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
        cutout=lambda frame: foreground.cutout(frame, depth), on_frame=lambda frame: context.reporter.check(),
        seal=context.shot_project.seal(key),
    )  # fmt: skip
