"""Data of a span: the inputs of its passes, the frames to make, and the results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from propagate.arrays import Bytes, Floats, Pixels
from propagate.box import Box
from propagate.split_at_keys import Span
from propagate.synthesis import SynthesisSettings
from stylize.context.motion import Motion
from stylize.media.colour import BT709, Colour

# Sides of the two passes through a span: from the left key and from the right key.
FORWARD, BACKWARD = "forward", "backward"
SIDES = (FORWARD, BACKWARD)


@dataclass(frozen=True)
class SpanInputs:
    """Access to the pictures of a shot, by frame number.

    colour: plate as uint8 (H, W, 3), for flow and guides. plate: in its own depth, with alpha if it has any. key_file:
    picture of a keyframe. matte: float32 (H, W), or None without mattes. dtype: data type of the finished frames, uint8
    or uint16. guides, guide_weights: the user's own; see ``Scene``. primaries: primaries of the plates.
    """

    colour: Callable[[int], Bytes]
    plate: Callable[[int], Pixels]
    key_file: Callable[[int], Path]
    matte: Callable[[int], Floats] | None
    dtype: type
    guides: Callable[[int], Sequence[Floats]] = lambda frame: ()
    guide_weights: tuple[float, ...] = ()
    primaries: Colour = BT709


@dataclass(frozen=True)
class Engine:
    """Motion and settings that frames are made with. boil, seed: see ``boil``."""

    motion: Motion
    synthesis: SynthesisSettings
    boil: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class SpanJob:
    """Frames of a span to make.

    A drawing is a frame that is drawn, identified by the frame number; on twos and threes, several frames display it.

    wanted: the frames to make. drawing_of: the drawing that each frame of the span displays: its own, that of an
    earlier frame of the span, or that of a key: the left one, or the right one, whose plate repeats theirs. scratch:
    the span's own folder, whose name changes with all inputs of the span. box: the part of the frame where motion is
    propagated, None for all; no frame of the span shows any style outside it. drawing_boxes: the part of ``box`` to
    make for each drawing that does not fill it; no frame that displays the drawing shows any style outside this part.
    kept: for a draft, the folder of each side's drawings, which are kept when the span is done: its name changes with
    all inputs of the pass, and not with the key of the other side, so that a change of one key remakes one pass.
    """

    span: Span
    wanted: frozenset[int]
    drawing_of: Mapping[int, int]
    scratch: Path
    box: Box | None = None
    drawing_boxes: Mapping[int, Box] = field(default_factory=dict)
    kept: Mapping[str, Path] = field(default_factory=dict)

    def two_sided(self) -> bool:
        """Return whether the span has two passes."""
        return self.span.left is not None and self.span.right is not None

    def drawings(self) -> list[int]:
        """Return the drawings among the frames of the span, ascending."""
        return [frame for frame in self.span.frames if self.drawing_of[frame] == frame]

    def needed_drawings(self) -> frozenset[int]:
        """Return the drawings that the wanted frames display, including keys that they display."""
        return frozenset(self.drawing_of[frame] for frame in self.wanted)

    def frames_of(self, drawing: int) -> list[int]:
        """Return the frames of the span that display a drawing, wanted or not, ascending."""
        return [frame for frame in self.span.frames if self.drawing_of[frame] == drawing]

    def wanted_frames_of(self, drawing: int) -> list[int]:
        """Return the wanted frames that display a drawing, ascending."""
        return [frame for frame in sorted(self.wanted) if self.drawing_of[frame] == drawing]

    def pass_order(self, side: str) -> list[int]:
        """Return the key of a side, then all drawings in the order of its pass; empty without a key on that side."""
        if side == FORWARD:
            return [] if self.span.left is None else [self.span.left, *self.drawings()]
        return [] if self.span.right is None else [self.span.right, *reversed(self.drawings())]

    def pass_length(self, side: str) -> int:
        """Return the number of drawings that the pass of a side makes, up to the last needed one."""
        needed = self.needed_drawings()
        return max((place for place, frame in enumerate(self.pass_order(side)[1:], 1) if frame in needed), default=0)

    def step_count(self) -> int:
        """Return the number of drawings that all passes make."""
        return sum(self.pass_length(side) for side in SIDES)

    def nearness(self, drawing: int) -> float:
        """Return the position of a drawing between the keys of a two-sided span: 0 at the left key, 1 at the right."""
        left, right = self.pass_order(FORWARD)[0], self.pass_order(BACKWARD)[0]
        return (drawing - left) / (right - left)

    def drawing_box(self, drawing: int) -> Box | None:
        """Return the part of a drawing to make, None for all."""
        return self.drawing_boxes.get(drawing, self.box)

    def box_in_crop(self, drawing: int) -> Box | None:
        """Return the part of a drawing to make, in coordinates of pictures cropped by ``crop``; None for all."""
        box = self.drawing_boxes.get(drawing)
        return box if box is None or self.box is None else box.within(self.box)

    def crop(self, picture: Pixels) -> Pixels:
        """Crop a picture of the whole frame to ``box``."""
        return picture if self.box is None else self.box.crop(picture)


@dataclass(frozen=True)
class FinishedFrame:
    """Finished frame.

    picture: uint8 or uint16 (H, W, 3), or (H, W, 4) if the plate has alpha. error: float32 (H, W), see
    ``synthesis.StylisedFrame``. share: float32 (H, W), weight of the right key's pass in the blend; None for a single
    pass. look: uint8 or uint16 (H, W, 3), the layer before its soft edges are applied, 0 where the matte is 0; None
    without a matte.
    """

    frame: int
    picture: Pixels
    error: Floats
    share: Floats | None = None
    look: Pixels | None = None


@dataclass(frozen=True)
class DrawingPassed:
    """Event: a pass has made a drawing."""

    side: str
    drawing: int


@dataclass(frozen=True)
class FrameFinished:
    """Event: a finished frame has been written."""

    frame: int


Event = DrawingPassed | FrameFinished
# Writes a finished frame to permanent storage.
Put = Callable[[FinishedFrame], None]
