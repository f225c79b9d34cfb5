"""Movies with exact timing, correct colour tags, and the source's audio and timecode."""

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
from stylize.delivery.audio import (
    Description,
    TimeRange,
    Track,
    add_tracks,
    copy_packets,
    lost_descriptions,
    uncopied_streams,
)
from stylize.delivery.yuv_conversion import Conversion, tag
from stylize.errors import OutputError, ShotError
from stylize.media.clock import pad_timecode
from stylize.media.codecs import Codec, codec_of
from stylize.media.colour import Colour
from stylize.media.flatten import flatten
from stylize.media.images import image_info, read_image
from stylize.media.movie_file import open_movie_file
from stylize.media.safe_write import Seal, atomic_write, no_seal
from stylize.media.sequences import name_frames
from stylize.media.shot import Shot
from stylize.project.protect import ignore_progress, never_ours, refuse_foreign, refuse_sources

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

THREADS = 4  # fixed, because the encoders' output depends on the number of threads
# Timestamp resolution of containers with a fixed time base.
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
    seal: Seal = no_seal,
) -> tuple[str, ...]:
    """Write the results of `shot` as a movie with the timestamps, audio and timecode of its source.

    Pixels are converted with the matrix of `shot.colour` to limited range; FFV1 stores RGB unchanged. Frames and
    container are tagged with its matrix, primaries and transfer. Audio is copied without re-encoding, and cut to the
    shot's part of the source. The movie is read back before it gets its name, to verify that it contains each frame at
    its time. The write is atomic.

    frame_paths: result of each frame of the shot, by number, all of the shot's size. codec: a name in
    `codecs.CODECS`; by default the one for the suffix of `target`. fps: constant rate that replaces the source's.
    protected: files that must not be overwritten. overwrite: allow replacing a file that stylize did not write. ours:
    returns whether stylize wrote a file. on_frame: called with the number of each frame written. cutout: returns the
    picture to write for a frame instead of its result: RGBA, uint8 or uint16 (H, W, 4), straight alpha. seal: records
    the file.

    Returns messages about what the movie could not keep. Raises OutputError if the movie cannot be written,
    SettingsError if the container does not support the codec, InputError if a result is not a picture.
    """
    chosen = codec_of(target.suffix, codec)
    _check_complete(shot, frame_paths)
    refuse_sources([target], shot, protected)
    if not overwrite:
        refuse_foreign([target], ours)
    job = _Job(shot, frame_paths, target, chosen, _clock(shot, fps), cutout)
    with atomic_write(target, seal=seal) as partial:
        return (*_timing_notes(shot, fps), *_write(job, partial, on_frame))


@dataclass(frozen=True)
class _Clock:
    """Timing of frames.

    rate: nominal, in frames per second. unit: time base in seconds. ticks, lengths: start and duration of each frame in
    units; the first tick is 0.
    """

    rate: Fraction
    unit: Fraction
    ticks: tuple[int, ...]
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class _Job:
    """A movie to write: its frames, encoding and timing."""

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
    """Return the timing of a movie. fps: constant rate; None keeps the source's timing.

    Variable timestamps are kept. Those of a constant rate are placed exactly on its grid, without the container's
    rounding.
    """
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
    """Return messages about a variable rate, or about a duration that conforming to a constant rate changed."""
    if fps is None:
        return (
            ("the source has a variable frame rate, which is kept; give --fps RATE for a constant one",)
            if shot.variable
            else ()
        )
    before, after = _clock(shot, None), _clock(shot, fps)
    old_duration, new_duration = ((c.ticks[-1] + c.lengths[-1]) * c.unit for c in (before, after))
    if old_duration == new_duration:
        return ()
    sound = "; the audio keeps its original timing" if shot.audio else ""
    return (
        f"conformed to {fps} fps: the movie lasts {float(new_duration):.3f} s instead of "
        f"{float(old_duration):.3f} s{sound}",
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
            source = stack.enter_context(_open_source(shot)) if shot.kind == "movie" else None
            tracks, left_out = add_tracks(source, output, kind) if source and shot.audio else ([], ())
            notes.extend(left_out)
            if source:
                _describe(video, source, kind)
                notes.extend(uncopied_streams(source) if job.cutout is None else ())
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
            f"{job.target}: {job.codec.label} does not accept {width}x{height} at {job.rate} fps ({error}); "
            "use another --codec, or -o FOLDER"
        ) from error
    return (*dict.fromkeys(notes), *_read_back(partial, job, tracks))


def _open_output(partial: Path, kind: str) -> "OutputContainer":
    import av

    # faststart lets browsers play before the download ends. Without bitexact, Matroska contains a random UID, so that
    # outputs are not reproducible.
    options = {"fflags": "+bitexact"} if kind == "matroska" else {"movflags": "+faststart"}
    # "file:" keeps a name such as take:2.mp4 from being read as a protocol.
    return av.open(f"file:{partial}", "w", format=kind, options=options)


def _video_stream(output: "OutputContainer", job: _Job) -> "VideoStream":
    from av.stream import Disposition

    shot, codec = job.shot, job.codec
    options = dict(codec.options)
    if codec.interframe:
        # One I-frame per second, for fast seeking in editors and players that flip between plate and result.
        options["g"] = str(max(1, round(job.rate)))
    if codec.encoder == "libx265" and len(shot.frames) < _MIN_FRAMES_FOR_B:
        # With so few frames, x265 orders frames by uninitialised memory and returns timestamps that containers reject.
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
    stream.disposition = Disposition.default
    if shot.timecode:
        stream.metadata["timecode"] = shot.timecode
    return stream


def _describe(video: "VideoStream", source: "InputContainer", kind: str) -> None:
    """Keep the title and the language of the source's pictures."""
    original = source.streams.best("video")
    if original is not None:
        Description.of(original).put(video, kind)


def _colour(job: _Job) -> Colour:
    """Return the movie's colour: the source's, with the codec's matrix if the codec supports only one."""
    colour = job.shot.colour
    return colour if job.codec.matrix is None else replace(colour, matrix=job.codec.matrix)


def _layout(job: _Job) -> str:
    """Return the movie's pixel format for the alpha and bit depth of the first picture."""
    facts = image_info(job.frame_paths[job.shot.frames[0]])
    return job.codec.pixels(job.shot.size, facts.alpha or job.shot.alpha or job.cutout is not None, facts.depth)


def _encode(
    job: _Job, stream: "VideoStream", notes: list[str], on_frame: Callable[[int], None]
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Yield (decode time in seconds, packet) for all frames. Messages about losses are appended to `notes`."""
    shot, clock, codec = job.shot, job.clock, job.codec
    lengths = dict(zip(clock.ticks, clock.lengths, strict=True))
    convert = Conversion(_layout(job), _colour(job))
    if codec.odd_format == convert.layout:
        notes.append(f"odd width or height: the movie is {codec.label} 4:4:4, which some players do not support")

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
            notes.append(
                f"{codec.label} has no alpha: the movie is composited over black; {_ALPHA_ALTERNATIVES} keep alpha"
            )
            pixels = flatten(pixels)
        if pixels.dtype.itemsize == 2 and codec.name == "ffv1" and convert.bits == 8:
            raise OutputError(
                f"{job.frame_paths[number]}: frame {number} has 16 bits, expected 8 like the first frame; regenerate it"
            )
        frame = convert(pixels)
        frame.pts, frame.time_base = tick, clock.unit
        yield from timed(stream.encode(frame))
        on_frame(number)
    yield from timed(stream.encode(None))


def _read_result(path: Path, number: int, shot: Shot) -> Pixels:
    pixels = read_image(path, shot.colour, untagged=shot.colour)
    height, width = pixels.shape[:2]
    if (width, height) != shot.size:
        expected = "x".join(map(str, shot.size))
        raise OutputError(
            f"{path}: frame {number} is {width}x{height}, expected {expected} like the shot; regenerate it"
        )
    return pixels


def _check_complete(shot: Shot, frame_paths: Mapping[int, Path]) -> None:
    missing = [number for number in shot.frames if number not in frame_paths or not frame_paths[number].is_file()]
    if missing:
        raise OutputError(f"the results of {name_frames(missing)} are missing; run again to generate them")


def _read_back(partial: Path, job: _Job, tracks: Sequence[Track]) -> tuple[str, ...]:
    """Check that the written movie contains each frame at its time and all audio packets.

    Returns messages about what the container did not keep. Raises OutputError if the check fails.
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
        timecode = pad_timecode(video.metadata.get("timecode") or video.metadata.get("TIMECODE") or "") or None
        lost = lost_descriptions(movie, tracks, target.suffix.lower())
        lost += _lost_aspect(video, job)
    expected = [tick * clock.unit for tick in clock.ticks]
    tolerance = _ROUNDING.get(target.suffix.lower(), 0)
    if len(times) != len(expected) or _max_time_error(sorted(times), expected, target) > tolerance:
        raise OutputError(
            f"{target}: expected {len(clock.ticks)} frames at their times, found {len(times)} frames or other times; "
            "use -o FOLDER"
        )
    if audio != [track.packets for track in tracks]:
        raise OutputError(
            f"{target}: expected {sum(track.packets for track in tracks)} audio packets, found {sum(audio)}; "
            "use -o FOLDER"
        )
    if shot.timecode != timecode:
        return (*lost, f"timecode {shot.timecode} does not fit {job.rate} fps: the movie has no timecode")
    return lost


def _lost_aspect(written: "VideoStream", job: _Job) -> tuple[str, ...]:
    """Return a message if the movie does not declare the pixel aspect ratio, as FFV1 in Matroska does not."""
    aspect = job.shot.pixel_aspect
    if (written.sample_aspect_ratio or 1) == aspect:
        return ()
    suffix = job.target.suffix.lower()
    return (
        f"{suffix} with {job.codec.label} does not store the pixel aspect ratio {aspect}: set it in the program that "
        "reads it, or use another --codec",
    )


def _max_time_error(found: Sequence[Fraction], expected: Sequence[Fraction], target: Path) -> Fraction:
    """Return the maximum time error of a frame, in seconds.

    A constant offset is ignored in Matroska, which has no negative times: audio that starts below 0 shifts the file.
    """
    moved = found[0] if target.suffix.lower() == ".mkv" else Fraction(0)
    return max(abs(time - moved - due) for time, due in zip(found, expected, strict=True))


@contextmanager
def _open_source(shot: Shot) -> "Iterator[InputContainer]":
    import av

    try:
        source = open_movie_file(shot.path)
    except (av.FFmpegError, OSError) as error:
        raise ShotError(
            f"{shot.path} can no longer be read for its audio ({error}); restore it and run again"
        ) from error
    with source:
        yield source


def _audio_packets(
    source: "InputContainer", tracks: Sequence[Track], time_range: TimeRange, notes: list[str]
) -> "Iterator[tuple[Fraction, Packet[Any]]]":
    """Yield (start in seconds, packet) of the shot's audio. On a read error, append a message to `notes` and stop."""
    import av

    packets = copy_packets(source, tracks, time_range)
    while True:
        try:
            timed = next(packets, None)
        except (av.FFmpegError, OSError) as error:
            notes.append(f"the audio of the source cannot be read to the end ({error}): the readable part was copied")
            return
        if timed is None:
            return
        yield timed


def _audio_range(shot: Shot) -> TimeRange:
    """Return the shot's part of the source's audio. It is cut only at an end where the shot omits frames."""
    clock = _clock(shot, None)
    end = shot.start + (clock.ticks[-1] + clock.lengths[-1]) * clock.unit
    whole_start = shot.positions[0] == 0
    whole_end = shot.positions[-1] == shot.source_frames - 1
    return TimeRange(shot.start, None if whole_start else shot.start, None if whole_end else end)
