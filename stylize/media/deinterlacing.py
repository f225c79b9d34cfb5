"""Deinterlacing through libavfilter: bwdif for interlaced frames, fieldmatch and decimate for telecined film.

Film is matched on a proxy: 8-bit luma with a mark in two lines, one of each field, that identifies the frame that they
come from. The filters, which read 8 bits only, decide on the proxy; the fields are woven from the frames themselves, in
their own format and depth.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm
from typing import TYPE_CHECKING, Literal

from propagate.arrays import Pixels
from propagate.combing import FieldOrder
from stylize.errors import ShotError
from stylize.media.frame_pixels import plane_lines

if TYPE_CHECKING:
    import av
    from av.video.frame import VideoFrame

Method = Literal["frames", "fields", "film"]

# Film frames in a cadence of video frames.
FILM_RATIO = Fraction(4, 5)
# Smallest frame that bwdif and fieldmatch accept.
MIN_SIDE = 16
# The mark of a proxy: its width, and the level and number of its values. Neighbouring frames differ by less than what
# fieldmatch takes for noise.
_MARK_WIDTH, _MARK_BASE, _MARK_COUNT = 8, 64, 8
_NEUTRAL_CHROMA = 128
_PARITY = {"top": "tff", "bottom": "bff"}
_RATE = 25


@dataclass(frozen=True)
class FilmFrame:
    """Frame of a film, by positions in its movie.

    source: the frame that it stands for. top, bottom: the frames whose fields it is woven from. combed: they do not
    fit, as where film and video were mixed, and the frame is deinterlaced instead.
    """

    source: int
    top: int
    bottom: int
    combed: bool


@dataclass(frozen=True)
class SourceFields:
    """Source of a conformed frame, by positions. top, bottom: where its fields are taken from, None if interpolated."""

    frame: int
    top: int | None
    bottom: int | None


@dataclass(frozen=True)
class Deinterlacing:
    """Conversion of interlaced to progressive frames.

    method: one frame per frame, one per field, or the frames of the film. film: those frames, for the method film.
    """

    method: Method
    order: FieldOrder
    film: tuple[FilmFrame, ...] = ()

    def count(self, frames: int) -> int:
        """Return the number of conformed frames of so many source frames."""
        return {"frames": frames, "fields": 2 * frames, "film": len(self.film)}[self.method]

    def rate(self, rate: Fraction) -> Fraction:
        """Return the conformed frame rate."""
        return rate * {"frames": Fraction(1), "fields": Fraction(2), "film": FILM_RATIO}[self.method]

    def source(self, position: int) -> SourceFields:
        """Return the fields that a conformed frame is made from. The first field of a deinterlaced frame is kept."""
        if self.method == "film":
            one = self.film[position]
            if not one.combed:
                return SourceFields(one.source, one.top, one.bottom)
            source, second = one.source, 0
        else:
            source, second = divmod(position, 2) if self.method == "fields" else (position, 0)
        top = (self.order == "top") != bool(second)
        return SourceFields(source, source if top else None, None if top else source)

    def cache_inputs(self, position: int) -> list[object]:
        """Return what a conformed frame depends on, besides the movie and its position, for cache keys."""
        if self.method != "film":
            return [self.method, self.order]
        one = self.film[position]
        return ["film", self.order, one.source, one.top, one.bottom, one.combed]

    @cached_property
    def _film_by_source(self) -> Mapping[int, FilmFrame]:
        return {one.source: one for one in self.film}


def conform_stamps(
    how: Deinterlacing, stamps: Sequence[int], time_base: Fraction, rate: Fraction
) -> tuple[tuple[int, ...], Fraction]:
    """Return the stamps and the time base of conformed frames, the first of which starts with the source.

    rate: of the source, constant for film.
    """
    if how.method == "frames":
        return tuple(stamps), time_base
    if how.method == "fields":
        last = stamps[-1] - stamps[-2] if len(stamps) > 1 else round(1 / (rate * time_base))
        doubled = [2 * stamp for stamp in (*stamps, stamps[-1] + last)]
        return tuple(value for one, after in pairwise(doubled) for value in (one, (one + after) // 2)), time_base / 2
    return film_stamps(stamps[0] * time_base, rate, len(how.film))


def film_stamps(start: Fraction, rate: Fraction, count: int) -> tuple[tuple[int, ...], Fraction]:
    """Return the stamps and the time base of frames of film. start: of the first, in seconds. rate: of the video."""
    period = 1 / (rate * FILM_RATIO)
    # A unit that the start and the frames are whole multiples of.
    unit = Fraction(1, lcm(start.denominator, period.denominator))
    first, step = int(start / unit), int(period / unit)
    return tuple(first + step * place for place in range(count)), unit


def deinterlaced(frames: Iterable["VideoFrame"], how: Deinterlacing) -> "Iterator[VideoFrame]":
    """Yield the conformed frames of all frames of a movie, in order. Raises ShotError if they are too small."""
    if how.method == "film":
        return _film_frames(frames, how)
    return _through_bwdif(frames, how.order, "send_field" if how.method == "fields" else "send_frame")


def _through_bwdif(frames: Iterable["VideoFrame"], order: FieldOrder, mode: str) -> "Iterator[VideoFrame]":
    chain = [("bwdif", f"mode={mode}:parity={_PARITY[order]}:deint=all")]
    return _through(frames, chain)


def _through(frames: Iterable["VideoFrame"], chain: Sequence[tuple[str, str]]) -> "Iterator[VideoFrame]":
    """Yield the frames that a chain of filters makes."""
    graph = None
    for frame in frames:
        graph = graph or _graph(frame, chain)
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _graph(frame: "VideoFrame", chain: Sequence[tuple[str, str]]) -> "av.filter.Graph":
    import av

    if min(frame.width, frame.height) < MIN_SIDE:
        raise ShotError(
            f"--deinterlace needs frames of {MIN_SIDE}x{MIN_SIDE} pixels or more, found {frame.width}x{frame.height}; "
            "leave it out"
        )
    graph = av.filter.Graph()
    graph.threads = 1
    last = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/{_RATE}:"
        f"frame_rate={_RATE}/1:pixel_aspect=1/1:colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    for name, arguments in (*chain, ("buffersink", "")):
        step = graph.add(name, arguments)
        last.link_to(step)
        last = step
    graph.configure()
    return graph


def _pulled(graph: "av.filter.Graph") -> "Iterator[VideoFrame]":
    import av

    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        if isinstance(frame, av.VideoFrame):
            yield frame


# Film


def find_film(frames: Iterable["VideoFrame"], order: FieldOrder) -> tuple[FilmFrame, ...]:
    """Return the frames of the film that a telecined movie carries. frames: all frames of the movie."""
    chain = [("fieldmatch", f"order={_PARITY[order]}:combmatch=full"), ("decimate", f"cycle={FILM_RATIO.denominator}")]
    return tuple(_film_frame(one) for one in _through(_proxies(frames), chain))


def _proxies(frames: Iterable["VideoFrame"]) -> "Iterator[VideoFrame]":
    """Yield the luma of frames as 8 bits, with the mark of their position in the last line of each field."""
    import av

    for position, frame in enumerate(frames):
        proxy = av.VideoFrame(frame.width, frame.height, "yuv420p")
        grey = frame.reformat(format="gray")
        luma = plane_lines(proxy, 0)
        luma[:, : frame.width] = plane_lines(grey, 0)[:, : frame.width]
        luma[-2:, :_MARK_WIDTH] = _MARK_BASE + position % _MARK_COUNT
        for number in (1, 2):
            plane_lines(proxy, number)[:] = _NEUTRAL_CHROMA
        proxy.pts, proxy.opaque = position, position
        yield proxy


def _film_frame(proxy: "VideoFrame") -> FilmFrame:
    """Read the fields of a matched proxy from their marks; fieldmatch flags the proxies that remain combed."""
    position = proxy.opaque
    if not isinstance(position, int):
        raise ShotError("libavfilter has lost the position of a frame; give --deinterlace frames")
    luma = plane_lines(proxy, 0)
    # The last line of the top field is the last even one.
    rows = {line % 2: int(luma[line, 0]) - _MARK_BASE for line in (proxy.height - 2, proxy.height - 1)}
    top, bottom = (position + _near(rows[parity] - position) for parity in (0, 1))
    return FilmFrame(position, top, bottom, bool(proxy.interlaced_frame))


def _near(difference: int) -> int:
    """Return the difference of positions, -1, 0 or 1, of marks that repeat."""
    return (difference + 1) % _MARK_COUNT - 1


def _film_frames(frames: Iterable["VideoFrame"], how: Deinterlacing) -> "Iterator[VideoFrame]":
    """Yield the frames of a film: woven from the fields of neighbouring frames, or deinterlaced where they are combed.

    At most three frames are in memory, as copies of their planes, because the frames themselves are woven into.
    """
    wanted = how._film_by_source
    window: deque[tuple[int, VideoFrame, list[Pixels]]] = deque(maxlen=3)
    for position, frame in enumerate(frames):
        window.append((position, frame, _planes(frame)))
        if len(window) > 1:
            yield from _restored(window, position - 1, wanted, how.order)
    if window:
        yield from _restored(window, window[-1][0], wanted, how.order)


def _restored(
    window: "Sequence[tuple[int, VideoFrame, list[Pixels]]]",
    position: int,
    wanted: Mapping[int, FilmFrame],
    order: FieldOrder,
) -> "Iterator[VideoFrame]":
    """Yield the frame of a film at a position of the movie, if there is one."""
    film = wanted.get(position)
    if film is None:
        return
    frame = next(one for place, one, _ in window if place == position)
    planes = {place: lines for place, _, lines in window}
    if film.combed:
        yield _deinterlaced_middle([one for _, one, _ in window], position - window[0][0], order)
        return
    # The decoder may still refer to the picture.
    frame.make_writable()
    for number in range(len(frame.planes)):
        for first, source in ((0, film.top), (1, film.bottom)):
            if source != position and source in planes:
                lines, others = plane_lines(frame, number), planes[source][number]
                # Lines may be padded differently in memory.
                length = min(lines.shape[1], others.shape[1])
                lines[first::2, :length] = others[first::2, :length]
    yield frame


def _planes(frame: "VideoFrame") -> list[Pixels]:
    return [plane_lines(frame, number).copy() for number in range(len(frame.planes))]


def _deinterlaced_middle(frames: "Sequence[VideoFrame]", index: int, order: FieldOrder) -> "VideoFrame":
    for place, frame in enumerate(frames):
        frame.pts = place
    return list(_through_bwdif(frames, order, "send_frame"))[index]
