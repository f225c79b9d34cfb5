"""Model of an exported timeline: plate, result and matte as media, and the position of each shot."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from stylize.errors import OutputError, SettingsError
from stylize.media.clock import frames_to_timecode, is_drop_frame, timecode_to_frames
from stylize.media.sequences import Pattern, is_contiguous, pattern_of
from stylize.media.shot import Shot
from stylize.media.targets import Target
from stylize.project import Note
from stylize.real_path import real_path
from stylize.visible_text import is_utf8, visible


@dataclass(frozen=True)
class Media:
    """A movie or a picture sequence.

    path: movie file, or folder of the pictures. pattern: names of the pictures; None for a movie. count: total number
    of frames, including unused ones. start: timecode of its first frame, in frames since midnight. first: number of
    the first picture of a sequence. alpha: "straight", "premultiplied" or None. sound: number of channels of each of
    its audio tracks.
    """

    name: str
    path: Path
    pattern: Pattern | None
    count: int
    start: int
    first: int
    alpha: str | None = None
    sound: tuple[int, ...] = ()

    def file(self) -> Path:
        """Return the movie file or the first picture."""
        return self.path if self.pattern is None else self.pattern.path(self.first)


def script_path(path: Path) -> str:
    """Return a path for use in a script. Raises OutputError if it is not UTF-8, which scripts require."""
    text = path.as_posix()
    if not is_utf8(text):
        raise OutputError(f"{visible(text)} is not UTF-8, which scripts require; rename it and run again")
    return text


@dataclass(frozen=True)
class ForegroundLayers:
    """Foregrounds as media.

    layers: foreground of each layer, from the lowest, or of the only look. mattes: matte of each layer. combined:
    combined foreground of all layers.
    """

    layers: tuple[Media, ...] = ()
    mattes: tuple[Media, ...] = ()
    combined: Media | None = None


@dataclass(frozen=True)
class Remark:
    """A note for a marker. number: of the note. box: left, top, width and height of its area in pixels, if it has one.

    text: of one or more lines, in which invisible characters are escaped.
    """

    number: int
    frame: int
    text: str
    box: tuple[int, int, int, int] | None = None

    @property
    def line(self) -> str:
        """The whole note on one line, for formats whose markers have only a name."""
        area = "" if self.box is None else " [box {},{} {}x{}]".format(*self.box)
        return f"note {self.number}: {' '.join(self.text.split())}{area}"


def remark_of(note: Note, size: tuple[int, int]) -> Remark:
    """Return a note for a marker. size: (width, height) of the shot in pixels."""
    text = "\n".join(visible(line) for line in note.text.splitlines())
    return Remark(note.number, note.frame, text, note.pixels(size))


@dataclass(frozen=True)
class Event:
    """A shot on the timeline.

    at: its start, in frames from the start of the timeline. plate_in, result_in: its start, in frames from the start of
    the plate and of the result. count: its length in frames. number: number of its first frame. keys: numbers of its
    visible keyframes. remarks: notes on its visible frames, by frame.
    """

    name: str
    at: int
    plate_in: int
    result_in: int
    count: int
    number: int
    keys: tuple[int, ...]
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """Timeline to export.

    rate: frames per second. size: (width, height). pixel_aspect: width of a pixel divided by its height. start:
    timecode of the first frame, in frames since midnight. drop_frame: the timecode is drop-frame. matte: with the size
    and frames of the result; None if there is none. foregrounds: with the frames and numbers of the result.
    """

    name: str
    rate: Fraction
    size: tuple[int, int]
    pixel_aspect: Fraction
    start: int
    drop_frame: bool
    plate: Media
    result: Media
    matte: Media | None
    events: tuple[Event, ...]
    foregrounds: ForegroundLayers = ForegroundLayers()

    @property
    def count(self) -> int:
        """Number of frames on the timeline."""
        return sum(event.count for event in self.events)

    @property
    def sound(self) -> Media | None:
        """Media whose sound the timeline has: only one, or both would be heard. None if neither has any."""
        return next((media for media in (self.plate, self.result) if media.sound), None)

    def timecode(self, frame: int) -> str:
        """Return the timecode of a number of frames since midnight."""
        return frames_to_timecode(frame, self.rate, self.drop_frame)


def make_timeline(
    shot: Shot, target: Target, shots: Sequence[tuple[Sequence[int], Sequence[int]]], *, alpha: str | None,
    fps: Fraction | None = None, handles: int = 0, matte: Pattern | None = None, plates: Pattern | None = None,
    notes: Sequence[Note] = (),
) -> Timeline:  # fmt: skip
    """Return the timeline of `shot`, delivered at `target`.

    shots: frames and keyframes of each shot, in order. alpha: alpha mode of the result. handles: number of delivered
    frames at each end that are not on the timeline. matte: pattern of the written mattes. plates: the frames as
    pictures, which replace a movie with another rate or range, or with fields. notes: those on frames that are not on
    the timeline are left out. Raises SettingsError if the rate is
    variable, if frames are omitted, or if the handles leave no frame.
    """
    check_timeline(shot, fps, handles)
    rate = fps or shot.rate
    begin = (shot.timecode and timecode_to_frames(shot.timecode, rate)) or 0
    plate = _plate(shot, begin, plates if is_conformed(shot, fps) else None)
    result = _media(f"{shot.name}_stylized", target, shot, begin, alpha)
    matte_media = matte and Media(f"{shot.name}_matte", matte.folder, matte, len(shot.frames), begin, shot.frames[0])
    drop_frame = bool(shot.timecode and is_drop_frame(shot.timecode, rate))
    events = _events(shot, shots, handles, 0 if plate.pattern else shot.positions[0])
    events = tuple(replace(event, remarks=tuple(_remarks(event, notes, shot))) for event in events)
    return Timeline(
        shot.name,
        rate,
        shot.size,
        shot.pixel_aspect,
        begin + handles,
        drop_frame,
        plate,
        result,
        matte_media or None,
        events,
    )


def check_timeline(shot: Shot, fps: Fraction | None, handles: int) -> None:
    """Raise SettingsError if a timeline is not possible; see `make_timeline`."""
    if shot.variable and fps is None:
        raise SettingsError("a timeline requires a constant rate, but the source's is variable; give --fps RATE")
    if not is_contiguous(shot.positions):
        raise SettingsError(
            "a timeline requires contiguous frames, but --frames omits some; choose --frames without gaps"
        )
    if 2 * handles >= len(shot.frames):
        raise SettingsError(f"--handles {handles} leaves none of {len(shot.frames)} frames; give fewer")


def is_conformed(shot: Shot, fps: Fraction | None) -> bool:
    """Return whether frames are not those of their files: tone-mapped, deinterlaced, or of a movie at another rate."""
    if shot.tonemap is not None or shot.deinterlacing is not None:
        return True
    return shot.kind == "movie" and fps is not None and (shot.variable or fps != shot.rate)


def _plate(shot: Shot, begin: int, plates: Pattern | None) -> Media:
    if plates is not None:
        return Media(f"{shot.name}_plate", plates.folder, plates, len(shot.frames), begin, shot.frames[0])
    if shot.kind == "movie":
        # The first frame of the file may precede the requested range. A file without timecode starts at 0.
        start = begin - shot.positions[0] if shot.timecode else 0
        return Media(
            f"{shot.name}_plate", real_path(shot.path), None, shot.source_frames, start, 0, None, shot.audio_channels
        )
    pattern = pattern_of([real_path(file) for file in shot.files], shot.frames)
    return Media(f"{shot.name}_plate", pattern.folder, pattern, len(shot.frames), begin, shot.frames[0])


def _media(name: str, target: Target, shot: Shot, begin: int, alpha: str | None) -> Media:
    pattern = target.pattern
    if pattern is not None:
        pattern = Pattern(real_path(pattern.folder), pattern.prefix, pattern.padding, pattern.suffix)
    sound = shot.audio_channels if pattern is None else ()
    return Media(name, real_path(target.path), pattern, len(shot.frames), begin, shot.frames[0], alpha, sound)


def _events(
    shot: Shot, shots: Sequence[tuple[Sequence[int], Sequence[int]]], handles: int, offset: int
) -> tuple[Event, ...]:
    indices: Mapping[int, int] = {frame: index for index, frame in enumerate(shot.frames)}
    last = len(shot.frames) - handles
    events: list[Event] = []
    for frames, keys in shots:
        visible = [frame for frame in frames if handles <= indices[frame] < last]
        if visible:
            index = indices[visible[0]]
            name = f"{shot.name}_{len(events) + 1:03d}"
            visible_keys = tuple(key for key in keys if visible[0] <= key <= visible[-1])
            events.append(Event(name, index - handles, index + offset, index, len(visible), visible[0], visible_keys))
    return tuple(events)


def _remarks(event: Event, notes: Sequence[Note], shot: Shot) -> Iterator[Remark]:
    """Yield the notes on the frames of an event, by frame, then number."""
    for note in sorted(notes, key=lambda one: (one.frame, one.number)):
        if event.number <= note.frame < event.number + event.count:
            yield remark_of(note, shot.size)
