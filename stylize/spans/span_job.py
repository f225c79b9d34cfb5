"""What a span is made of: the footage, the engine, what is wanted of it, and what comes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from propagate.arrays import Bytes, Floats, Pixels
from propagate.box import Box
from propagate.spans import Span
from propagate.synthesis import SynthesisSettings
from stylize.context.motion import Motion

# The sides of a span that passes begin from: the left key's, and the right key's.
FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True)
class Footage:
    """What propagation sees of a shot.

    colour: uint8 (H, W, 3) plate of a frame, for flow and guides. plate: the same in its own depth, with alpha
    where it has one. key: the file of a key. matte: float32 (H, W) of a frame, or None without mattes.
    guides, weights: the user's own, see ``Scene``.
    """

    colour: Callable[[int], Bytes]
    plate: Callable[[int], Pixels]
    key: Callable[[int], Path]
    matte: Callable[[int], Floats] | None
    dtype: type
    guides: Callable[[int], Sequence[Floats]] = lambda frame: ()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class Engine:
    """What makes the frames. boil, seed: see ``boil``."""

    motion: Motion
    synthesis: SynthesisSettings
    boil: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Part:
    """What is to be made of a span.

    wanted: the frames that are to come out. shown: of every frame of the span, which frame's look it shows: its own,
    that of an earlier frame of the span, or the left key's. scratch: a folder of this span's own, under a name that
    changes with everything the span depends on. box: where motion is followed, None for all; outside of it the style
    goes nowhere in any frame of the span. boxes: inside of that, what is made of each drawing, for those of which it is
    not all; outside of it the style goes nowhere in any frame that shows the drawing.
    """

    span: Span
    wanted: frozenset[int]
    shown: Mapping[int, int]
    scratch: Path
    box: Box | None = None
    boxes: Mapping[int, Box] = field(default_factory=dict)

    def box_of(self, drawing: int) -> Box | None:
        """What is made of a drawing, None for all of the frame."""
        return self.boxes.get(drawing, self.box)

    def drawn(self) -> list[int]:
        """The frames of the span that are drawn, ascending."""
        return [frame for frame in self.span.frames if self.shown[frame] == frame]

    def needed(self) -> frozenset[int]:
        """The drawings that the wanted frames show, the key's among them if they show it."""
        return frozenset(self.shown[frame] for frame in self.wanted)

    def showing(self, drawing: int) -> list[int]:
        """The wanted frames that show a drawing, ascending."""
        return [frame for frame in sorted(self.wanted) if self.shown[frame] == drawing]

    def two_sided(self) -> bool:
        """Whether two passes are needed."""
        return self.span.left is not None and self.span.right is not None

    def order(self, side: str) -> list[int]:
        """The key of a side, ``forward`` or ``backward``, and all drawings in the order of its pass; none without
        a key."""
        if side == FORWARD:
            return [] if self.span.left is None else [self.span.left, *self.drawn()]
        return [] if self.span.right is None else [self.span.right, *reversed(self.drawn())]

    def reach(self, side: str) -> int:
        """How many drawings the pass of a side has to go through, to the last that is needed."""
        needed = self.needed()
        return max((place for place, frame in enumerate(self.order(side)[1:], 1) if frame in needed), default=0)

    def work(self) -> int:
        """Drawings that the passes go through."""
        return self.reach(FORWARD) + self.reach(BACKWARD)


@dataclass(frozen=True)
class Made:
    """One finished frame. error: float32 (H, W), see ``synthesis.Carried``.

    share: float32 (H, W), of the right key's pass in what is shown; None where there is but one pass. look: uint8 or
    uint16 (H, W, 3), what lies over the plate before the matte cuts it, 0 where the matte is; None without a matte.
    """

    frame: int
    picture: Pixels
    error: Floats
    share: Floats | None = None
    look: Pixels | None = None


# Sets a finished frame down where it lasts.
Put = Callable[[Made], None]
# What is told: a frame that has been put, or None for a drawing that a pass has gone through.
Event = int | None
