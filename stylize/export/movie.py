"""H.264 movies (.mp4, .mov): exact rate, true colour tags, the source's own audio and time code."""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from propagate.arrays import Bytes, Pixels
from stylize.errors import OutputError, ShotError
from stylize.export.audio import Stretch, Track, add_tracks, copied
from stylize.export.flatten import flatten
from stylize.export.placing import ignore_progress, nothing_is_ours, placed, refuse_foreign, refuse_sources
from stylize.images import read_image
from stylize.shot import Shot

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

QUALITY = "14"  # x264's constant rate factor: no difference is seen at 14, and brush texture survives
THREADS = 4  # fixed, because x264 makes other bits for another number of threads


def write_movie(
    shot: Shot,
    frame_paths: Mapping[int, Path],
    target: Path,
    *,
    protected: Collection[Path] = (),
    overwrite: bool = False,
    ours: Callable[[Path], bool] = nothing_is_ours,
    on_frame: Callable[[int], None] = ignore_progress,
) -> tuple[str, ...]:
    """Write the results of `shot` as an H.264 movie with the time stamps, audio and time code of its source.

    `frame_paths`: the result of every frame of the shot, by number, all of the shot's size. Pixels are taken as
    display-encoded RGB and converted to limited-range bt709, which every frame and the container are tagged with;
    4:2:0, or 4:4:4 when a side is odd. Audio is copied packet for packet, cut to the shot's part of its source.
    The movie appears whole or not at all, after it was read back and found to hold every frame at its time.

    Returns what could not be kept, told in words. Raises OutputError; InputError for a result that is no picture.
    """
    _check_complete(shot, frame_paths)
    refuse_sources([target], shot, protected)
    if not overwrite:
        refuse_foreign([target], ours)
    with placed(target) as partial:
        return _write(shot, frame_paths, target, partial, on_frame)


@dataclass(frozen=True)
class _Clock:
    """When the frames show: `ticks` and `lengths` count `unit` seconds, the first tick is 0."""

    unit: Fraction
    ticks: tuple[int, ...]
    lengths: tuple[int, ...]


def _clock(shot: Shot) -> _Clock:
    """Variable time stamps as they are; others exactly on the grid of the rate, whatever the source had rounded."""
    unit = shot.time_base if shot.variable else 1 / shot.rate
    ticks = tuple(round(time * shot.time_base / unit) for time in shot.times)
    gaps = [after - before for before, after in pairwise(ticks)]
    nominal = max(1, round(1 / shot.rate / unit))
    last = nominal if shot.variable else min(gaps, default=nominal)
    return _Clock(unit, ticks, (*gaps, last))


def _write(
    shot: Shot, frame_paths: Mapping[int, Path], target: Path, partial: Path, on_frame: Callable[[int], None]
) -> tuple[str, ...]:
    import av

    clock, kind = _clock(shot), target.suffix.lower().removeprefix(".")
    notes: list[str] = []
    try:
        with ExitStack() as stack:
            output = stack.enter_context(_opened(partial, kind))
            video = _video_stream(output, shot, clock)
            source = stack.enter_context(_source(shot)) if shot.audio else None
            tracks, left_out = add_tracks(source, output, kind) if source else ([], ())
            notes.extend(left_out)
            output.start_encoding()
            pictures = _encoded(shot, frame_paths, video, clock, notes, on_frame)
            sounds = _sounds(source, tracks, _stretch(shot, clock), notes) if source else iter(())
            for _, packet in heapq.merge(pictures, sounds, key=lambda timed: timed[0]):
                output.mux(packet)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        width, height = shot.size
        raise OutputError(
            f"{target}: H.264 refused {width}x{height} at {shot.rate} fps ({error}); use -o FOLDER"
        ) from error
    return (*dict.fromkeys(notes), *_read_back(partial, target, shot, clock, tracks))


def _opened(partial: Path, kind: str) -> "OutputContainer":
    import av

    # "file:" keeps a name such as take:2.mp4 from being read as a protocol; faststart lets browsers begin at once.
    return av.open(f"file:{partial}", "w", format=kind, options={"movflags": "+faststart"})


def _video_stream(output: "OutputContainer", shot: Shot, clock: _Clock) -> "VideoStream":
    from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

    # A key frame every second: editors and players that flip between plate and result jump to any frame at once.
    # Macroblock-tree rate control reads what it has not set: with it the same frames made other bits from run to run.
    options = {"crf": QUALITY, "preset": "medium", "g": str(max(1, round(shot.rate))), "x264-params": "mbtree=0"}
    stream = output.add_stream("libx264", rate=shot.rate, options=options)
    stream.width, stream.height = shot.size
    stream.pix_fmt = _layout(shot)
    stream.time_base = clock.unit
    context = stream.codec_context
    context.time_base = clock.unit
    context.thread_count = THREADS
    context.colorspace = Colorspace.ITU709
    context.color_range = ColorRange.MPEG
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    context.sample_aspect_ratio = shot.pixel_aspect
    if shot.timecode:
        stream.metadata["timecode"] = shot.timecode
    return stream


def _layout(shot: Shot) -> str:
    """4:2:0 shares colour between two columns and two rows: it cannot carry an odd one."""
    return "yuv444p" if any(side % 2 for side in shot.size) else "yuv420p"


def _encoded(
    shot: Shot,
    frame_paths: Mapping[int, Path],
    stream: "VideoStream",
    clock: _Clock,
    notes: list[str],
    on_frame: Callable[[int], None],
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """The packets of every frame, with the second at which each is decoded; what is lost is added to `notes`."""
    lengths = dict(zip(clock.ticks, clock.lengths, strict=True))
    convert = _Conversion(_layout(shot))
    if convert.layout == "yuv444p":
        notes.append("an odd width or height: the movie is H.264 4:4:4, which not every player shows")

    def timed(packets: "Sequence[Packet[VideoStream]]") -> "Iterator[tuple[Fraction, Packet[Any]]]":
        for packet in packets:
            assert packet.pts is not None  # the encoder stamps every packet
            assert packet.dts is not None
            packet.duration = lengths[packet.pts]
            yield packet.dts * clock.unit, packet

    for number, tick in zip(shot.frames, clock.ticks, strict=True):
        pixels = _result(frame_paths[number], number, shot)
        if pixels.shape[2] == 4:
            notes.append("H.264 keeps no alpha: the movie is over black; PNG, TIFF and EXR frames keep it")
        frame = convert(flatten(pixels))
        frame.pts, frame.time_base = tick, clock.unit
        yield from timed(stream.encode(frame))
        on_frame(number)
    yield from timed(stream.encode(None))


def _result(path: Path, number: int, shot: Shot) -> Pixels:
    pixels = read_image(path)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        expected = "x".join(map(str, shot.size))
        raise OutputError(
            f"{path}: frame {number} is {width}x{height}, expected {expected} like the shot; make it again"
        )
    return pixels


class _Conversion:
    """RGB to limited-range bt709, with the matrix and the tags said outright.

    Left to itself the library converts with the bt601 matrix, and colours shift in every player that believes tags.
    It also puts 4:2:0 colour between two columns, where H.264 means it on the left one: that costs 8 dB at colour
    edges, so the halving is our own.
    """

    def __init__(self, layout: str) -> None:
        from av.video.reformatter import Interpolation, VideoReformatter

        self.layout = layout
        self._reformatter = VideoReformatter()
        # Exact, and the same on every processor.
        self._how = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

    def __call__(self, pixels: Pixels) -> "VideoFrame":
        """`pixels`: uint8 or uint16 (H, W, 3), display-encoded; returns a frame in `layout`, 8 bits, without a time."""
        from av.video.frame import VideoFrame
        from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

        frame = self._reformatter.reformat(
            VideoFrame.from_ndarray(pixels, format="rgb24" if pixels.dtype.itemsize == 1 else "rgb48le"),
            format="yuv444p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=self._how,
        )
        if self.layout == "yuv420p":
            luma, *chroma = frame.to_ndarray()
            planes = np.concatenate([luma.ravel(), *(_halve(plane).ravel() for plane in chroma)])
            frame = VideoFrame.from_ndarray(planes.reshape(-1, luma.shape[1]), format="yuv420p")
        frame.colorspace = Colorspace.ITU709
        frame.color_range = ColorRange.MPEG
        frame.color_primaries = ColorPrimaries.BT709
        frame.color_trc = ColorTrc.BT709
        return frame


def _halve(plane: Bytes) -> Bytes:
    """(H, W) -> (H/2, W/2), even sides: samples on the left one of two columns, between two rows, as H.264 has them."""
    rows = plane[0::2].astype(np.uint16) + plane[1::2]
    left = np.concatenate([rows[:, :1], rows[:, 1:-1:2]], axis=1)
    return ((left + 2 * rows[:, 0::2] + rows[:, 1::2] + 4) >> 3).astype(np.uint8)


def _check_complete(shot: Shot, frame_paths: Mapping[int, Path]) -> None:
    missing = [number for number in shot.frames if number not in frame_paths or not frame_paths[number].is_file()]
    if missing:
        count = f"{len(missing)} of {len(shot.frames)} results"
        raise OutputError(f"{count} are missing, first frame {missing[0]}: run again to make them")


def _read_back(partial: Path, target: Path, shot: Shot, clock: _Clock, tracks: Sequence[Track]) -> tuple[str, ...]:
    """Raise OutputError unless the file holds every frame at its time and every audio packet.

    Returns what the container did not take, told in words.
    """
    import av

    with av.open(f"file:{partial}") as movie:
        video = movie.streams.video[0]
        times: list[Fraction] = []
        counts: Counter[int] = Counter()
        for packet in movie.demux(video, *movie.streams.audio):
            counts[packet.stream.index] += bool(packet.size)
            if packet.size and packet.pts is not None and packet.stream.index == video.index:
                times.append(packet.pts * packet.time_base)
        sounds = [counts[stream.index] for stream in movie.streams.audio]
        timecode = video.metadata.get("timecode")
    if sorted(times) != [tick * clock.unit for tick in clock.ticks]:
        raise OutputError(f"{target}: {len(clock.ticks)} frames went in, {len(times)} came out or moved; use -o FOLDER")
    if sounds != [track.packets for track in tracks]:
        raise OutputError(
            f"{target}: {sum(track.packets for track in tracks)} audio packets went in, {sum(sounds)} came out"
        )
    if shot.timecode != timecode:
        return (f"time code {shot.timecode} does not go with {shot.rate} fps: the movie has none",)
    return ()


@contextmanager
def _source(shot: Shot) -> "Iterator[InputContainer]":
    import av

    try:
        source = av.open(f"file:{shot.path}")
    except (av.FFmpegError, OSError) as error:
        raise ShotError(
            f"{shot.path} cannot be read again for its audio ({error}); put it back and run again"
        ) from error
    with source:
        yield source


def _sounds(
    source: "InputContainer", tracks: Sequence[Track], stretch: Stretch, notes: list[str]
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """The audio packets of the shot; a source that breaks off on the way gives what it has, and the loss is told."""
    import av

    packets = copied(source, tracks, stretch)
    while True:
        try:
            timed = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            notes.append(f"the audio of the source cannot be read to its end ({error}): what there is was copied")
            return
        if timed is None:
            return
        yield timed


def _stretch(shot: Shot, clock: _Clock) -> Stretch:
    """What of the source's audio belongs to the shot: all of it, unless frames were left out at that end."""
    end = shot.start + (clock.ticks[-1] + clock.lengths[-1]) * clock.unit
    whole_start = shot.positions[0] == 0
    whole_end = shot.positions[-1] == shot.source_frames - 1
    return Stretch(shot.start, None if whole_start else shot.start, None if whole_end else end)
