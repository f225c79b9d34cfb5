"""Movies: exact rate or the source's own time stamps, true colour tags, the source's audio and time code."""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from propagate.arrays import Pixels
from stylize.delivery.audio import TimeRange, Track, add_tracks, copy_packets
from stylize.delivery.yuv_conversion import Conversion, tag
from stylize.errors import OutputError, ShotError
from stylize.media.codecs import Codec, codec_of
from stylize.media.colour import Colour
from stylize.media.flatten import flatten
from stylize.media.images import image_info, read_image
from stylize.media.safe_write import atomic_write
from stylize.media.shot import Shot
from stylize.project.protect import ignore_progress, never_ours, refuse_foreign, refuse_sources

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

THREADS = 4  # fixed, because the encoders' output depends on the number of threads
# Time stamp resolution of containers that do not let us choose the unit.
_ROUNDING = {".mkv": Fraction(1, 1000)}
_MIN_FRAMES_FOR_B = 3
_MUXERS = {".mkv": "matroska"}
_ALPHA_ALTERNATIVES = "--codec prores-4444, FFV1, PNG, TIFF and EXR frames"


def write_movie(
    shot: Shot,
    frame_paths: Mapping[int, Path],
    target: Path,
    *,
    codec: str | None = None,
    fps: Fraction | None = None,
    protected: Collection[Path] = (),
    overwrite: bool = False,
    ours: Callable[[Path], bool] = never_ours,
    on_frame: Callable[[int], None] = ignore_progress,
    cutout: Callable[[int], Pixels] | None = None,
) -> tuple[str, ...]:
    """Write the results of `shot` as a movie with the time stamps, audio and time code of its source.

    `frame_paths`: the result of every frame of the shot, by number, all of the shot's size. `codec`: a name in
    `codecs.CODECS`, or None for the default of such a file. Pixels have the source's colour (`shot.colour`): they are
    converted with its matrix to limited range (FFV1 keeps RGB unchanged), and every frame and the container are tagged
    with its matrix, primaries and transfer. `fps`: a constant rate that replaces the source's. Audio is copied packet
    for packet, cut to the shot's part of its source. `cutout`: returns the picture to write instead of a frame's
    result, uint8 or uint16 (H, W, 4), straight. The movie appears whole or not at all, after reading it back confirms
    that it holds every frame at its time.

    Returns messages about what could not be kept. Raises OutputError; SettingsError for a codec that such a file does
    not carry; InputError for a result that is no picture.
    """
    chosen = codec_of(target.suffix, codec)
    _check_complete(shot, frame_paths)
    refuse_sources([target], shot, protected)
    if not overwrite:
        refuse_foreign([target], ours)
    job = _Job(shot, frame_paths, target, chosen, _clock(shot, fps), cutout)
    with atomic_write(target) as partial:
        return (*_timing_notes(shot, fps), *_write(job, partial, on_frame))


@dataclass(frozen=True)
class _Clock:
    """Frame timing: `ticks` and `lengths` in units of `unit` seconds, the first tick 0; `rate` is the nominal one."""

    rate: Fraction
    unit: Fraction
    ticks: tuple[int, ...]
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class _Job:
    """A movie to write, and its encoding."""

    shot: Shot
    frame_paths: Mapping[int, Path]
    target: Path
    codec: Codec
    clock: _Clock
    cutout: Callable[[int], Pixels] | None

    @property
    def rate(self) -> Fraction:
        return self.clock.rate


def _clock(shot: Shot, fps: Fraction | None) -> _Clock:
    """Return variable time stamps unchanged, others exactly on the grid of the rate, without the source's rounding."""
    if fps is not None:
        count = len(shot.frames)
        return _Clock(fps, 1 / fps, tuple(range(count)), (1,) * count)
    unit = shot.time_base if shot.variable else 1 / shot.rate
    ticks = tuple(round(time * shot.time_base / unit) for time in shot.times)
    gaps = [after - before for before, after in pairwise(ticks)]
    nominal = max(1, round(1 / shot.rate / unit))
    last = nominal if shot.variable else min(gaps, default=nominal)
    return _Clock(shot.rate, unit, ticks, (*gaps, last))


def _timing_notes(shot: Shot, fps: Fraction | None) -> tuple[str, ...]:
    """Return messages about a variable rate, or about conforming to a constant one."""
    if fps is None:
        return (
            ("the source's rate varies: its time stamps are kept; --fps RATE makes them even",) if shot.variable else ()
        )
    before, after = _clock(shot, None), _clock(shot, fps)
    old_duration, new_duration = ((c.ticks[-1] + c.lengths[-1]) * c.unit for c in (before, after))
    if old_duration == new_duration:
        return ()
    sound = "; the sound keeps its own time" if shot.audio else ""
    return (
        f"conformed to {fps} fps: it lasts {float(new_duration):.3f} s instead of {float(old_duration):.3f} s{sound}",
    )


def _write(job: _Job, partial: Path, on_frame: Callable[[int], None]) -> tuple[str, ...]:
    import av

    shot, suffix = job.shot, job.target.suffix.lower()
    kind = _MUXERS.get(suffix, suffix.removeprefix("."))
    notes: list[str] = []
    try:
        with ExitStack() as stack:
            output = stack.enter_context(_open_output(partial, kind))
            video = _video_stream(output, job)
            source = stack.enter_context(_open_source(shot)) if shot.audio else None
            tracks, left_out = add_tracks(source, output, kind) if source else ([], ())
            notes.extend(left_out)
            output.start_encoding()
            pictures = _encode(job, video, notes, on_frame)
            audio = _audio_packets(source, tracks, _audio_range(shot), notes) if source else iter(())
            for _, packet in heapq.merge(pictures, audio, key=lambda timed: timed[0]):
                output.mux(packet)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        width, height = shot.size
        raise OutputError(
            f"{job.target}: {job.codec.label} refused {width}x{height} at {job.rate} fps ({error}); "
            "use another --codec, or -o FOLDER"
        ) from error
    return (*dict.fromkeys(notes), *_read_back(partial, job, tracks))


def _open_output(partial: Path, kind: str) -> "OutputContainer":
    import av

    # Faststart lets browsers begin at once; without bitexact, Matroska has a random identity and no two are alike.
    options = {"fflags": "+bitexact"} if kind == "matroska" else {"movflags": "+faststart"}
    # "file:" keeps a name such as take:2.mp4 from being read as a protocol.
    return av.open(f"file:{partial}", "w", format=kind, options=options)


def _video_stream(output: "OutputContainer", job: _Job) -> "VideoStream":
    shot, codec = job.shot, job.codec
    options = dict(codec.options)
    if codec.interframe:
        # A key frame every second: editors and players that flip between plate and result seek quickly.
        options["g"] = str(max(1, round(job.rate)))
    if codec.encoder == "libx265" and len(shot.frames) < _MIN_FRAMES_FOR_B:
        # With so few frames x265 orders by uninitialised memory, and gives time stamps that no container accepts.
        options["x265-params"] += ":bframes=0"
    stream = cast("VideoStream", output.add_stream(codec.encoder, rate=job.rate, options=options))
    stream.width, stream.height = shot.size
    stream.pix_fmt = _layout(job)
    stream.time_base = job.clock.unit
    context = stream.codec_context
    context.time_base = job.clock.unit
    context.thread_count = THREADS
    tag(context, stream.format.is_rgb, _colour(job))
    if codec.tag and job.target.suffix.lower() != ".mkv":
        context.codec_tag = codec.tag
    context.sample_aspect_ratio = shot.pixel_aspect
    if shot.timecode:
        stream.metadata["timecode"] = shot.timecode
    return stream


def _colour(job: _Job) -> Colour:
    """Return the movie's colour: the source's, except for a matrix that the codec cannot declare."""
    colour = job.shot.colour
    return colour if job.codec.matrix is None else replace(colour, matrix=job.codec.matrix)


def _layout(job: _Job) -> str:
    """Return the movie's pixel format, by alpha and depth of the first picture."""
    facts = image_info(job.frame_paths[job.shot.frames[0]])
    return job.codec.pixels(job.shot.size, facts.alpha or job.shot.alpha or job.cutout is not None, facts.depth)


def _encode(
    job: _Job, stream: "VideoStream", notes: list[str], on_frame: Callable[[int], None]
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Yield the packets of every frame, with the second at which each is decoded; add losses to `notes`."""
    shot, clock, codec = job.shot, job.clock, job.codec
    lengths = dict(zip(clock.ticks, clock.lengths, strict=True))
    convert = Conversion(_layout(job), _colour(job))
    if codec.odd_format == convert.layout:
        notes.append(f"an odd width or height: the movie is {codec.label} 4:4:4, which not every player shows")

    def timed(packets: "Sequence[Packet[VideoStream]]") -> "Iterator[tuple[Fraction, Packet[Any]]]":
        for packet in packets:
            assert packet.pts is not None  # the encoder stamps every packet
            assert packet.dts is not None
            packet.duration = lengths[packet.pts]
            packet.time_base = clock.unit
            yield packet.dts * clock.unit, packet

    for number, tick in zip(shot.frames, clock.ticks, strict=True):
        pixels = job.cutout(number) if job.cutout else _read_result(job.frame_paths[number], number, shot)
        if pixels.shape[2] == 4 and not convert.alpha:
            notes.append(f"{codec.label} keeps no alpha: the movie is over black; {_ALPHA_ALTERNATIVES} keep it")
            pixels = flatten(pixels)
        if pixels.dtype.itemsize == 2 and codec.name == "ffv1" and convert.bits == 8:
            raise OutputError(f"{job.frame_paths[number]}: frame {number} has 16 bits, the first had 8; make it again")
        frame = convert(pixels)
        frame.pts, frame.time_base = tick, clock.unit
        yield from timed(stream.encode(frame))
        on_frame(number)
    yield from timed(stream.encode(None))


def _read_result(path: Path, number: int, shot: Shot) -> Pixels:
    pixels = read_image(path)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        expected = "x".join(map(str, shot.size))
        raise OutputError(
            f"{path}: frame {number} is {width}x{height}, expected {expected} like the shot; make it again"
        )
    return pixels


def _check_complete(shot: Shot, frame_paths: Mapping[int, Path]) -> None:
    missing = [number for number in shot.frames if number not in frame_paths or not frame_paths[number].is_file()]
    if missing:
        count = f"{len(missing)} of {len(shot.frames)} results"
        raise OutputError(f"{count} are missing, first frame {missing[0]}: run again to make them")


def _read_back(partial: Path, job: _Job, tracks: Sequence[Track]) -> tuple[str, ...]:
    """Raise OutputError unless the file holds every frame at its time and every audio packet.

    Returns messages about what the container did not keep.
    """
    import av

    shot, clock, target = job.shot, job.clock, job.target
    with av.open(f"file:{partial}") as movie:
        video = movie.streams.video[0]
        times: list[Fraction] = []
        counts: Counter[int] = Counter()
        for packet in movie.demux(video, *movie.streams.audio):
            counts[packet.stream.index] += bool(packet.size)
            if packet.size and packet.pts is not None and packet.stream.index == video.index:
                times.append(packet.pts * packet.time_base)
        audio = [counts[stream.index] for stream in movie.streams.audio]
        timecode = video.metadata.get("timecode") or video.metadata.get("TIMECODE")
    expected = [tick * clock.unit for tick in clock.ticks]
    tolerance = _ROUNDING.get(target.suffix.lower(), 0)
    if len(times) != len(expected) or _max_time_error(sorted(times), expected, target) > tolerance:
        raise OutputError(f"{target}: {len(clock.ticks)} frames went in, {len(times)} came out or moved; use -o FOLDER")
    if audio != [track.packets for track in tracks]:
        raise OutputError(
            f"{target}: {sum(track.packets for track in tracks)} audio packets went in, {sum(audio)} came out"
        )
    if shot.timecode != timecode:
        return (f"time code {shot.timecode} does not go with {job.rate} fps: the movie has none",)
    return ()


def _max_time_error(found: Sequence[Fraction], expected: Sequence[Fraction], target: Path) -> Fraction:
    """Return the maximum time error of a frame.

    Matroska has no times below 0: sound that starts below 0 shifts the whole file.
    """
    moved = found[0] if target.suffix.lower() == ".mkv" else Fraction(0)
    return max(abs(time - moved - due) for time, due in zip(found, expected, strict=True))


@contextmanager
def _open_source(shot: Shot) -> "Iterator[InputContainer]":
    import av

    try:
        source = av.open(f"file:{shot.path}")
    except (av.FFmpegError, OSError) as error:
        raise ShotError(
            f"{shot.path} cannot be read again for its audio ({error}); put it back and run again"
        ) from error
    with source:
        yield source


def _audio_packets(
    source: "InputContainer", tracks: Sequence[Track], time_range: TimeRange, notes: list[str]
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Yield the audio packets of the shot; if the source breaks off, add a message to `notes` and stop."""
    import av

    packets = copy_packets(source, tracks, time_range)
    while True:
        try:
            timed = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            notes.append(f"the audio of the source cannot be read to its end ({error}): what there is was copied")
            return
        if timed is None:
            return
        yield timed


def _audio_range(shot: Shot) -> TimeRange:
    """Return the shot's part of the source's audio, cut only at an end where frames are omitted."""
    clock = _clock(shot, None)
    end = shot.start + (clock.ticks[-1] + clock.lengths[-1]) * clock.unit
    whole_start = shot.positions[0] == 0
    whole_end = shot.positions[-1] == shot.source_frames - 1
    return TimeRange(shot.start, None if whole_start else shot.start, None if whole_end else end)
