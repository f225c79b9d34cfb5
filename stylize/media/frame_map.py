"""Frames of a movie and the packets that hold their pictures, matched so that a lost picture shifts no frame number.

A packet holds one picture, and has a place in time. A frame whose packet gave no picture, or whose packet is missing
from a regular series of timestamps, shows the previous frame's picture; before the first picture, it shows that one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from statistics import median_low

from stylize.media.clock import find_gaps

# Max frames by which decoding order precedes display order: the frames at a truncated end that may lack neighbours.
_MAX_REORDERED = 16


@dataclass(frozen=True)
class FrameMap:
    """Number of the packet whose picture each frame shows, 0 for the first packet.

    serial: the stream is damaged: decode it in one thread, because errors show up elsewhere with several. drains:
    packets before which the decoder returns all its pictures, because it would lose them at a change of size.
    """

    packets: tuple[int, ...]
    serial: bool
    drains: frozenset[int] = frozenset()


@dataclass
class DecodedStream:
    """Packets of a stream in decoding order, and the pictures that a decoder made of them, in its order.

    stamps: presentation time of each packet, in units of the time base. first_key: number of the first key frame.
    all_keys: all packets are key frames. without_picture: packets that hold no picture to display. suspect: packets
    that the container marks as incomplete. pictures: number of each picture's packet, None if unknown. damaged: packets
    whose picture is incomplete or fails a checksum. fields: packets of interlaced pictures, which may be followed by
    that of their second field. rejected: packets that the decoder rejected. verified: number of packets whose checksums
    match. unverified: the others that were checked. failures: errors of reading and decoding.

    For the decoder, verify: check checksums. drains: as in `FrameMap`.
    """

    stamps: list[int | None] = field(default_factory=list)
    first_key: int | None = None
    all_keys: bool = True
    without_picture: set[int] = field(default_factory=set)
    suspect: set[int] = field(default_factory=set)
    pictures: list[int | None] = field(default_factory=list)
    damaged: set[int] = field(default_factory=set)
    fields: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    verified: int = 0
    unverified: set[int] = field(default_factory=set)
    verify: bool = True
    drains: frozenset[int] = frozenset()
    failures: int = 0

    def add_checksums(self) -> None:
        """Count packets whose checksums do not match as damaged, if the stream has any."""
        if self.verified:
            self.damaged |= self.unverified

    def numbered(self) -> list[int] | None:
        """Return the packet of each picture, or None if they are unknown or not unique."""
        known = [number for number in self.pictures if number is not None]
        return known if len(known) == len(self.pictures) == len(set(known)) else None

    def expected(self) -> list[int]:
        """Return the packets that should give a picture, in decoding order."""
        given = {number for number in self.pictures if number is not None}
        if len(given) == len(self.stamps):
            return list(range(len(self.stamps)))
        shortest = self._shortest_interval(given) if self.fields else Fraction(0)
        found: list[int] = []
        for number in range(len(self.stamps)):
            follows = bool(self.fields) and found[-1:] == [number - 1]
            second_field = follows and self._is_second_field(number, given, shortest)
            if number in given or not (number in self.without_picture or second_field):
                found.append(number)
        return found

    def is_whole(self) -> bool:
        """Return whether nothing was damaged, suspect or lost."""
        lossy = self.failures or self.damaged or self.suspect
        return not lossy and (self.numbered() is None or len(self.pictures) == len(self.expected()))

    def _shortest_interval(self, given: set[int]) -> Fraction:
        """Return three quarters of the median interval of pictures. Packets that follow sooner hold a second field."""
        known = sorted(stamp for number in given if (stamp := self.stamps[number]) is not None)
        gaps = [after - before for before, after in pairwise(known)]
        return Fraction(3 * median_low(gaps), 4) if gaps else Fraction(0)

    def _is_second_field(self, number: int, given: set[int], shortest: Fraction) -> bool:
        """Return whether a packet without a picture holds the second field of the previous packet's picture."""
        first, second = self.stamps[number - 1], self.stamps[number]
        if first is None or second is None:
            return number - 1 in self.fields
        return (number - 1 in self.fields or number - 1 not in given) and second - first < shortest


@dataclass(frozen=True)
class Losses:
    """Positions of frames that are not as recorded, 0 for the first frame.

    leading: before the first key frame, so that nothing precedes them. lost: their packets cannot be decoded. missing:
    they have no packet. damaged: their pictures are incomplete, or fail a checksum. predicted: later frames are
    predicted from these. unlocated: number of failures that no frame explains. unread: number of frames after the last
    one that the file declares.
    """

    leading: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    damaged: tuple[int, ...] = ()
    predicted: bool = False
    unlocated: int = 0
    unread: int = 0


@dataclass(frozen=True)
class MappedFrames:
    """Frames in display order. stamps: as in `DecodedStream`. map: None if each frame shows the next picture."""

    stamps: tuple[int | None, ...]
    map: FrameMap | None
    losses: Losses


def map_frames(
    stream: DecodedStream, time_base: Fraction, hints: Sequence[Fraction], *, serial: bool, truncated: bool
) -> MappedFrames:
    """Return the frames of a decoded stream, with places for pictures that were lost.

    hints: frames per second that the container declares. serial: the stream was decoded in one thread because it is
    damaged. truncated: the file is truncated, so frames at its end which lack a picture are left out.
    """
    pictures = stream.numbered()
    if not pictures:
        times = tuple(None if number is None else stream.stamps[number] for number in stream.pictures)
        return MappedFrames(times, None, Losses(unlocated=stream.failures + len(stream.damaged)))
    order: list[int | None] = list(_display_order(stream, pictures))
    stamps = [None if number is None else stream.stamps[number] for number in order]
    _fill_gaps(order, stamps, time_base, hints, damaged=not stream.is_whole() or truncated)
    given = set(pictures)
    if truncated:
        _trim(order, stamps, stream.damaged | (set(range(len(stream.stamps))) - given))
    losses = _losses(stream, order, given, truncated=truncated)
    shown = _shown(order, given)
    as_decoded = shown == pictures and not serial and not stream.drains
    frame_map = None if as_decoded else FrameMap(tuple(shown), serial, stream.drains)
    return MappedFrames(tuple(stamps), frame_map, losses)


def _display_order(stream: DecodedStream, pictures: list[int]) -> list[int]:
    """Return all expected packets in display order: by timestamps, or as the decoder ordered its pictures."""
    expected = stream.expected()
    stamps = [stream.stamps[number] for number in expected]
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) == len(stamps) == len(set(known)):
        by_stamp = dict(zip(expected, known, strict=True))
        # Containers such as AVI store times of decoding: ascending, although the decoder reorders its pictures.
        reorders = any(before > after for before, after in pairwise(known))
        if reorders or _ascends(pictures):
            return sorted(expected, key=by_stamp.__getitem__)
    return _inserted(pictures, expected)


def _inserted(pictures: list[int], expected: Iterable[int]) -> list[int]:
    """Insert packets without a picture before the first picture of a later packet."""
    order = list(pictures)
    for number in sorted(set(expected) - set(pictures)):
        place = next((place for place, other in enumerate(order) if other > number), len(order))
        order.insert(place, number)
    return order


def _fill_gaps(
    order: list[int | None], stamps: list[int | None], time_base: Fraction, hints: Sequence[Fraction], *, damaged: bool
) -> None:
    """Insert frames without a packet where regular timestamps have gaps."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) != len(stamps) or not _ascends(known):
        return
    for place, missing in reversed(find_gaps(known, time_base, hints, damaged=damaged)):
        order[place:place] = [None] * len(missing)
        stamps[place:place] = missing


def _trim(order: list[int | None], stamps: list[int | None], unsound: set[int]) -> None:
    """Remove the end of a truncated movie from its first gap on, or from the last packet if that is incomplete.

    unsound: packets without a whole picture. Gaps count as far as reordering reaches from the end.
    """
    last = max(number for number in order if number is not None)
    first = max(0, len(order) - _MAX_REORDERED)
    ends = (place for place in range(first, len(order)) if order[place] is None or order[place] in unsound & {last})
    end = next(ends, len(order))
    if end > 0:
        del order[end:], stamps[end:]


def _losses(stream: DecodedStream, order: Sequence[int | None], given: set[int], *, truncated: bool) -> Losses:
    first = next(place for place, number in enumerate(order) if number in given)
    # The first key frame is not the first packet, or frames that are displayed before it need an earlier one.
    starts_late = stream.first_key != 0 or order[first] == 0
    leading = range(first if starts_late else 0)
    absent = [place for place, number in enumerate(order) if number not in given and place not in leading]
    lost = tuple(place for place in absent if order[place] is not None)
    missing = tuple(place for place in absent if order[place] is None)
    damaged = tuple(place for place, number in enumerate(order) if number in stream.damaged and number in given)
    located = truncated or leading or lost or damaged or missing
    return Losses(tuple(leading), lost, missing, damaged, not stream.all_keys, 0 if located else stream.failures)


def _shown(order: Sequence[int | None], given: set[int]) -> list[int]:
    """Return the packet whose picture each frame shows: its own, the previous frame's, or the first one."""
    last = next(number for number in order if number is not None and number in given)
    shown = []
    for number in order:
        last = number if number is not None and number in given else last
        shown.append(last)
    return shown


def _ascends(values: Sequence[int]) -> bool:
    return all(before < after for before, after in pairwise(values))
