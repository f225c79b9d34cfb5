"""The timeline that a project exports: plate, result and matte as media, and the position of every shot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylize.errors import SettingsError
from stylize.media.clock import frames_to_timecode, is_drop_frame, timecode_to_frames
from stylize.media.sequences import Pattern, is_contiguous, pattern_of
from stylize.media.shot import Shot
from stylize.media.targets import Target


@dataclass(frozen=True)
class Media:
    """A movie or a sequence.

    count: all of its frames, whether or not the timeline uses them. start: time code of its first frame (frames since
    midnight). first: number of a sequence's first picture. alpha: "straight", "premultiplied" or None. sound: whether
    it is audible.
    """

    name: str
    path: Path
    pattern: Pattern | None
    count: int
    start: int
    first: int
    alpha: str | None = None
    sound: bool = False

    def file(self) -> Path:
        """Return the movie, or the first picture."""
        return self.path if self.pattern is None else self.pattern.path(self.first)


@dataclass(frozen=True)
class ForegroundLayers:
    """Foregrounds cut out of the plate.

    layers: the foreground of each layer, from the lowest, or that of the only look. mattes: of each layer. combined:
    the foreground of all layers.
    """

    layers: tuple[Media, ...] = ()
    mattes: tuple[Media, ...] = ()
    combined: Media | None = None


@dataclass(frozen=True)
class Event:
    """A shot on the timeline.

    at: frames from the timeline's start. plate_in, result_in: frames from the first of each medium. count: its length
    in frames. number: of its first frame. keys: numbers of its visible keyframes.
    """

    name: str
    at: int
    plate_in: int
    result_in: int
    count: int
    number: int
    keys: tuple[int, ...]


@dataclass(frozen=True)
class Timeline:
    """Timeline to export.

    start: the timeline's first frame, counted from midnight. drop_frame: whether its time code is drop-frame. matte:
    of the result's size, frame by frame; None if there is none. foregrounds: with the result's frames and numbers.
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

    def timecode(self, frame: int) -> str:
        """Return a number of frames since midnight as time code."""
        return frames_to_timecode(frame, self.rate, self.drop_frame)


def make_timeline(
    shot: Shot, target: Target, shots: Sequence[tuple[Sequence[int], Sequence[int]]], *, alpha: str | None,
    fps: Fraction | None = None, handles: int = 0, matte: Pattern | None = None, plates: Pattern | None = None,
) -> Timeline:  # fmt: skip
    """Return the timeline of `shot`, delivered at `target`. shots: frames and keyframes of each, in order.

    handles: number of delivered frames at each end that are not on the timeline. plates: the shot's frames as pictures,
    which replace a movie of another rate than the timeline's. Raises SettingsError if no timeline is possible: a
    variable rate, omitted frames, handles that leave no frame.
    """
    check_timeline(shot, fps, handles)
    rate = fps or shot.rate
    begin = (shot.timecode and timecode_to_frames(shot.timecode, rate)) or 0
    plate = _plate(shot, begin, plates if is_conformed(shot, fps) else None)
    result = _media(f"{shot.name}_stylized", target, shot, begin, alpha)
    matte_media = matte and Media(f"{shot.name}_matte", matte.folder, matte, len(shot.frames), begin, shot.frames[0])
    drop_frame = bool(shot.timecode and is_drop_frame(shot.timecode, rate))
    events = _events(shot, shots, handles, 0 if plate.pattern else shot.positions[0])
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
    """Raise SettingsError where `make_timeline` would."""
    if shot.variable and fps is None:
        raise SettingsError("a timeline has an even rate, and the source's varies; give one with --fps RATE")
    if not is_contiguous(shot.positions):
        raise SettingsError("a timeline has all frames from its first to its last, and some are left out; see --frames")
    if 2 * handles >= len(shot.frames):
        raise SettingsError(f"--handles {handles} leaves nothing of {len(shot.frames)} frames; give fewer")


def is_conformed(shot: Shot, fps: Fraction | None) -> bool:
    """Return whether a movie is conformed to another rate than its own."""
    return shot.kind == "movie" and fps is not None and (shot.variable or fps != shot.rate)


def _plate(shot: Shot, begin: int, plates: Pattern | None) -> Media:
    if plates is not None:
        return Media(f"{shot.name}_plate", plates.folder, plates, len(shot.frames), begin, shot.frames[0])
    if shot.kind == "movie":
        # The file's own first frame, which may precede the requested range.
        start = begin - shot.positions[0]
        return Media(f"{shot.name}_plate", shot.path.resolve(), None, shot.source_frames, start, 0, None, shot.audio)
    pattern = pattern_of(shot.files[0].resolve())
    return Media(f"{shot.name}_plate", pattern.folder, pattern, len(shot.frames), begin, shot.frames[0])


def _media(name: str, target: Target, shot: Shot, begin: int, alpha: str | None) -> Media:
    pattern = target.pattern
    if pattern is not None:
        pattern = Pattern(pattern.folder.resolve(), pattern.prefix, pattern.padding, pattern.suffix)
    sound = shot.audio and pattern is None
    return Media(name, target.path.resolve(), pattern, len(shot.frames), begin, shot.frames[0], alpha, sound)


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
