"""A shot, which is a movie or a numbered sequence: its properties, and its frames one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from propagate.arrays import Pixels
from stylize.errors import SequenceError
from stylize.media.colour import BT709, Colour
from stylize.media.deinterlacing import Deinterlacing
from stylize.media.frame_map import FrameMap
from stylize.media.loss_messages import Damage
from stylize.media.sequences import DEFAULT_PADDING
from stylize.media.tonemap import ToneMap

if TYPE_CHECKING:
    from stylize.media.views import View


@dataclass(frozen=True)
class Shot:
    """Properties of a shot.

    frames: frame numbers of the source, ascending; those of a movie count from its start number. size: (width, height),
    upright. rate: frames per second. times: presentation time of each frame in units of `time_base` seconds, ascending
    from 0. variable: the rate is variable; otherwise `times` lie on the grid of `rate`, within the container's
    rounding. depth: bits per channel. alpha: frames are RGBA instead of RGB. warnings: messages about damaged or
    ignored parts of the source.
    """

    path: Path
    name: str
    kind: Literal["movie", "sequence"]
    frames: tuple[int, ...]
    size: tuple[int, int]
    rate: Fraction
    times: tuple[int, ...]
    time_base: Fraction
    variable: bool
    depth: Literal[8, 16]
    alpha: bool
    timecode: str | None
    audio: bool
    warnings: tuple[str, ...]
    files: tuple[Path, ...] = ()
    """File of each frame of a sequence."""
    positions: tuple[int, ...] = ()
    """Position of each frame in the source, 0 for the first."""
    source_frames: int = 0
    """Number of frames in the whole source."""
    start: Fraction = Fraction(0)
    """Presentation time of the first of `frames` in a movie, in seconds."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel divided by its height."""
    colour: Colour = BT709
    """Colour of the pixels: as coded, or converted from a profile that has no code points."""
    padding: int = DEFAULT_PADDING
    """Minimum number of digits of frame numbers in the names of a sequence; that of results for movies."""
    assumed_rate: bool = False
    """Neither headers nor the user give the rate of a sequence, so pictures do not declare it."""
    frame_map: FrameMap | None = None
    """Pictures that the frames of a movie show, if some were lost."""
    linear: bool = False
    """The files of a sequence hold linear light in floats."""
    associated: bool = False
    """The files of a sequence hold integers with premultiplied alpha."""
    layer: str | None = None
    """Part or layer of EXR files that was asked for."""
    view: "View | None" = None
    """View of linear light that the engine works on. None for the sRGB curve of light from 0 to 1."""
    audio_channels: tuple[int, ...] = ()
    """Number of channels of each audio stream of a movie."""
    tonemap: ToneMap | None = None
    """Conversion of high dynamic range, which is applied to each frame; `colour` is that of its result."""
    deinterlacing: Deinterlacing | None = None
    """Conversion of interlaced to progressive frames, which `positions`, `times`, `rate` and `source_frames` then
    describe."""
    sources: tuple[Path, ...] = ()
    """All files of a sequence that is deinterlaced, which has no `files`: frames are made of several of these."""
    premultiplied: bool = False
    """The colour as coded is premultiplied with alpha, which the format does not declare; that of the frames read is
    straight."""
    damage: Damage = Damage()
    """Damage of a movie, whichever of its frames are chosen."""
    strict: bool = False
    """Damage is refused, also that of movies that accompany the shot."""

    @property
    def in_place(self) -> bool:
        """True if plates are read where they lie. Those of other shots are unpacked to pictures first."""
        return self.kind == "sequence" and self.view is None and self.layer is None and not self.converted

    @property
    def converted(self) -> bool:
        """True if frames are tone-mapped, deinterlaced, or freed of premultiplication."""
        return self.tonemap is not None or self.deinterlacing is not None or self.premultiplied

    def cache_inputs(self, position: int) -> list[object]:
        """Return what the pixels of a movie's frame depend on, besides the movie, for cache keys."""
        return [position, *self.conversions(position)]

    def conversions(self, position: int) -> list[object]:
        """Return the conversions of a frame, for cache keys. Those that are not requested add nothing."""
        conformed = [] if self.deinterlacing is None else self.deinterlacing.cache_inputs(position)
        alpha = ["premultiplied"] if self.premultiplied else []
        return [*conformed, *alpha, *([] if self.tonemap is None else [repr(self.tonemap)])]

    def files_of(self, place: int) -> tuple[Path, ...]:
        """Return the files that a frame of a sequence is made of: its own, or those around it. place: in `frames`."""
        if self.deinterlacing is None:
            return (self.files[place],)
        source = self.deinterlacing.source(self.positions[place]).frame
        return self.sources[max(0, source - 1) : source + 2]

    @cached_property
    def _originals(self) -> frozenset[Path]:
        return frozenset(self.files)


def assumption(shot: Shot) -> str | None:
    """Return the message that the rate of a sequence is assumed; None if it is known, and for a still."""
    if not shot.assumed_rate or len(shot.frames) == 1:
        return None
    return (
        f"{shot.path}: the headers declare no rate; {shot.rate} frames per second are assumed, give --rate to choose "
        "another one"
    )


def read_frames(shot: Shot) -> Iterator[tuple[int, Pixels]]:
    """Yield (frame number, pixels) of each frame in order, one at a time.

    Pixels: RGB (H, W, 3), or RGBA (H, W, 4) if `shot.alpha`; uint8, or uint16 if `shot.depth` is 16; display-encoded,
    straight alpha. Raises ShotError or InputError if the source has changed since it was opened.
    """
    if shot.kind == "sequence" and shot.deinterlacing is None:
        for number, file in zip(shot.frames, shot.files, strict=True):
            yield number, read_plate(file, shot)
        return
    for number, pixels in zip(shot.frames, _stored_frames(shot), strict=True):
        yield number, _converted(pixels, shot)


def _stored_frames(shot: Shot) -> Iterator[Pixels]:
    """Yield the frames of a movie, or of a sequence that is deinterlaced, before other conversions."""
    if shot.kind == "movie":
        from stylize.media.decoder import decode

        yield from (pixels for _, pixels in decode(shot.path, shot.positions, shot.frame_map, shot.deinterlacing))
        return
    from stylize.media.field_pictures import conformed_pictures

    assert shot.deinterlacing is not None
    stored = (read_stored(file, shot) for file in shot.sources)
    yield from conformed_pictures(stored, shot.deinterlacing, shot.positions)


def _converted(pixels: Pixels, shot: Shot) -> Pixels:
    from stylize.media.images.transfer import unpremultiply

    # The curve applies to straight colour, not to light that alpha has already reduced.
    straight = unpremultiply(pixels, straight=not shot.premultiplied)
    return straight if shot.tonemap is None else shot.tonemap.apply(straight)


def read_plate(file: Path, shot: Shot) -> Pixels:
    """Read a picture with the shot's depth and channels, as in `read_frames`.

    Raises InputError if it is unreadable, SequenceError if it has another size.
    """
    from stylize.media.images import read_image

    if file not in shot._originals:  # an unpacked plate, which shows all conversions already
        return _fitted(file, read_image(file, shot.colour, untagged=shot.colour), shot)
    return _fitted(file, read_view(file, shot), shot) if shot.view else _converted(read_stored(file, shot), shot)


def read_stored(file: Path, shot: Shot) -> Pixels:
    """Read a picture of a sequence with the shot's depth and channels, before conversions. Raises as `read_plate`."""
    from stylize.media.images import read_image

    colour = shot.colour if shot.tonemap is None else shot.tonemap.source
    layer = shot.layer if file.suffix.lower() == ".exr" else None
    return _fitted(file, read_image(file, colour, untagged=colour, layer=layer), shot)


def _fitted(file: Path, pixels: Pixels, shot: Shot) -> Pixels:
    """Return pixels with the depth and channels of a shot. Raises SequenceError if they have another size."""
    from stylize.media.images import widen

    pixels = widen(pixels, shot.depth, shot.alpha)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        raise size_error(file, (width, height), shot.size)
    return pixels


def read_view(file: Path, shot: Shot) -> Pixels:
    """Read a picture in linear light in the view of a shot. Raises InputError if it is unreadable, or has integers."""
    from stylize.media.images import read_scene_frame
    from stylize.media.views import view_pixels

    assert shot.view is not None
    return view_pixels(read_scene_frame(file, shot.layer), shot.view)


def size_error(file: Path, found: tuple[int, int], expected: tuple[int, int]) -> SequenceError:
    """Return the error for a picture whose (width, height) is not the expected one."""
    sizes = f"expected {expected[0]}x{expected[1]} like the first frame, found {found[0]}x{found[1]}"
    return SequenceError(f"{file}: {sizes}; make all frames the same size, or choose others with --frames")
