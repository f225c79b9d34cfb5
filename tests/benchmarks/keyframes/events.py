"""Clips with known events: where keys must land, and how many there may be."""

from collections.abc import Callable
from dataclasses import dataclass

from tests import synthetic

# Tolerance of a key in frames.
NEAR = 2


@dataclass(frozen=True)
class Event:
    """One clip and its required keys.

    name: for the table. make: the clip. spans: for each required key, the first and last frame in which its whole
    subject is visible: the key may lie up to NEAR frames outside of them. None for a span: anywhere.
    """

    name: str
    make: Callable[[], list]
    spans: tuple[tuple[int, int] | None, ...]

    def kept(self, keys):
        """Return whether the number of keys is right and each lies where it must."""
        if len(keys) != len(self.spans):
            return False
        pairs = zip(keys, self.spans, strict=True)
        return all(span is None or span[0] - NEAR <= key <= span[1] + NEAR for key, span in pairs)


ANY = (None,)

EVENTS = [
    Event("still, with grain", lambda: synthetic.still(60), ANY),
    Event("exposure drifts", lambda: synthetic.exposure_drift(60), ANY),
    Event("camera shakes", lambda: synthetic.shake(60), ANY),
    Event("head nods", lambda: synthetic.nod(60), ANY),
    Event("eyes blink", lambda: synthetic.blink(60, 25, 6), ((0, 22),)),
    Event("eyes open after a blink", lambda: synthetic.blink(60, 0, 6), ((8, 59),)),
    Event("eyes open", lambda: synthetic.open_eyes(60, 25, 5), ((0, 25), (30, 59))),
    Event("flash", lambda: synthetic.flash(60, 30), ANY),
    Event("head turns to front", lambda: synthetic.turn(60, 15, 15), ((0, 15), (30, 30))),
    Event("head turns slowly", lambda: synthetic.turn(70, 15, 30), ((0, 15), (45, 45))),
    Event("box turns, 1 face", lambda: synthetic.box_turn(50, 10, 16, 1), ((0, 10), (26, 26))),
    Event("box turns, 2 faces", lambda: synthetic.box_turn(70, 10, 16, 2), ((0, 10), (26, 26), (42, 42))),
    Event(
        "box turns, 3 faces",
        lambda: synthetic.box_turn(86, 10, 16, 3),
        ((0, 10), (26, 26), (42, 42), (58, 58)),
    ),
    Event("thing enters", lambda: synthetic.enter(60, 15, 8), ((0, 15), (23, 23))),
    Event("thing enters, late", lambda: synthetic.enter(120, 80, 12), ((0, 80), (92, 92))),
    # It is wholly visible from frame 20 to 29, and gone at 35.
    Event("thing passes", lambda: synthetic.pass_by(60, 15, 20), ((0, 15), (20, 29), (35, 35))),
    Event("door opens", lambda: synthetic.door(50, 15, 12), ((0, 15), (27, 27))),
    Event("lamp is switched on", lambda: synthetic.lamp(50, 25), ((0, 24), (25, 25))),
    Event("dissolve", lambda: synthetic.dissolve(60, 20, 12), ((0, 20), (32, 32))),
    # The first and the last key each cover 0.8 of a frame 5 frames away; any two keys up to 32 frames apart cover all
    # frames between them.
    Event("pan, 3 pictures", lambda: synthetic.pan(72, 12), (None, None, None)),
    Event("slow pan, 2 pictures", lambda: synthetic.pan(90, 4), (None, None)),
]
