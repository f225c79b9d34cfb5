"""Picture of a plan: a timeline with the coverage by the keyframes, and a card with the heat map of each keyframe.

The size does not depend on the length of the footage. If there are many keyframes, only those with the highest gain
have a card.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from propagate.arrays import F32, Bytes, Floats
from stylize.media.images import read_image, to_float
from stylize.media.sequences import format_frames
from stylize.planning.coverage_timeline import AREA, SHORTFALL, CoverageTimeline
from stylize.sheets import Banner, Cell, Fact, LegendItem, Level, Reference, Row, Scale, Sheet, State, Verdict
from stylize.sheets.design import DARK
from stylize.sheets.heat_map import heat_over
from stylize.sheets.labelled_sheet import thumbnail

# Max rows and columns of cards.
MAX_ROWS, MAX_COLUMNS = 4, 6
MAX_CARDS = MAX_ROWS * MAX_COLUMNS
# Up to this number of cards, plate and heat map are side by side.
_MAX_BESIDE = 3
# Share of the frames below the target from which a plan is poor.
POOR_SHARE = 0.25

# In pixels.
_BANNER = 400
_MAX_PICTURE = (640, 420)
_GAP = 6


@dataclass(frozen=True)
class Card:
    """One keyframe.

    gained: increase of its shot's mean coverage, 0..1. plate: picture file of the frame. heat: file of its heat map,
    grey, of any size.
    """

    frame: int
    timecode: str
    reason: str
    gained: float
    plate: Path
    heat: Path


@dataclass(frozen=True)
class Chart:
    """Content of the picture of a plan.

    frames: frame numbers, ascending. coverage: coverage of each frame, 0..1. target: target coverage, 0..1. shots:
    first frame of each shot. cards: all keyframes, ascending. pixel_aspect: width of a pixel divided by its height.
    subtitle, facts, references: for the header.
    """

    title: str
    frames: Sequence[int]
    coverage: Sequence[float]
    target: float
    shots: Sequence[int]
    cards: Sequence[Card] = field(default_factory=tuple)
    pixel_aspect: Fraction = Fraction(1)
    subtitle: str = ""
    facts: Sequence[Fact] = ()
    references: Sequence[Reference] = ()


@dataclass(frozen=True)
class CardPicture:
    """Plate of a keyframe, and below or right of it the heat map of what is new in it, over the plate."""

    plate: Path
    heat: Path
    beside: bool = False

    def __call__(self) -> Bytes:
        """Return the picture, with the pixels of the plate's shape: RGB, uint8 (H, W, 3)."""
        plate = thumbnail(self.plate, _MAX_PICTURE)
        height, width = plate.shape[:2]
        gap: Bytes = np.full((height, _GAP, 3) if self.beside else (_GAP, width, 3), DARK.ground, np.uint8)
        heat = heat_over(plate, _read_heat(self.heat, (width, height)), 1.0)
        return np.concatenate([plate, gap, heat], axis=1 if self.beside else 0)


def plan_sheet(chart: Chart) -> Sheet:
    """Lay out the picture."""
    selected = select_cards(chart.cards)
    timeline = CoverageTimeline(
        chart.frames, chart.coverage, chart.target, chart.shots, [card.frame for card in chart.cards]
    )
    columns = -(-len(selected) // max(1, -(-len(selected) // MAX_COLUMNS)))  # makes the rows as even as possible
    cards = [
        Cell(
            CardPicture(card.plate, card.heat, len(selected) <= _MAX_BESIDE), f"key {card.frame}  {card.timecode}",
            State.OUTLINED,
            note=f"+{100 * card.gained:.1f} % coverage: {card.reason}",
        )
        for card in selected
    ]  # fmt: skip
    rows = [Row(cards[start : start + columns]) for start in range(0, len(cards), columns)] if cards else []
    return Sheet(
        chart.title, rows, chart.subtitle, [*chart.facts, *_coverage_facts(chart, len(selected))], chart.references,
        _verdict(chart), legend=_legend(chart), pixel_aspect=chart.pixel_aspect, banner=Banner(_BANNER, timeline),
    )  # fmt: skip


def select_cards(cards: Sequence[Card], max_cards: int = MAX_CARDS) -> list[Card]:
    """Return up to ``max_cards`` cards in order: the first, and those with the highest gain, earlier ones on ties."""
    ranked = sorted(range(1, len(cards)), key=lambda place: (-cards[place].gained, place))
    return [cards[place] for place in sorted([0, *ranked[: max_cards - 1]])] if cards else []


def _coverage_facts(chart: Chart, shown: int) -> list[Fact]:
    coverage = dict(zip(chart.frames, chart.coverage, strict=True))
    lowest = min(coverage, key=lambda frame: (coverage[frame], frame))
    keys = f"{len(chart.cards)}" if shown == len(chart.cards) else f"{len(chart.cards)}, the best {shown} below"
    return [
        Fact("keys", keys),
        Fact("mean coverage", f"{100 * sum(chart.coverage) / len(chart.coverage):.0f} %"),
        Fact("lowest coverage", f"{100 * coverage[lowest]:.0f} %, frame {lowest}"),
    ]


def _verdict(chart: Chart) -> Verdict | None:
    """Judge a plan by the frames that are covered by less than the target; None without keyframes."""
    if not chart.cards:
        return None
    coverage: Mapping[int, float] = dict(zip(chart.frames, chart.coverage, strict=True))
    below = [frame for frame in chart.frames if coverage[frame] < chart.target]
    if not below:
        return Verdict(Level.GOOD, f"Good: the keys cover at least {100 * chart.target:g} % of every frame")
    worst = min(below, key=lambda frame: (coverage[frame], frame))
    advice = f"Frame {worst} has the least: --add-key {worst} covers it."
    text = f"{len(below)} of {len(chart.frames)} frames are covered by less than {100 * chart.target:g} %"
    if len(below) > POOR_SHARE * len(chart.frames):
        return Verdict(Level.POOR, f"Poor: {text} ({format_frames(below)})", [advice])
    return Verdict(Level.FAIR, f"Fair: {text} ({format_frames(below)})", [advice])


def _legend(chart: Chart) -> list[LegendItem]:
    items = [
        LegendItem(AREA, "coverage: share of a frame that the keys show"), LegendItem(SHORTFALL, "below the target"),
        LegendItem(DARK.key, "key"),
    ]  # fmt: skip
    if len(chart.shots) > 1:
        items.append(LegendItem(DARK.text, "cut"))
    if chart.cards:
        items.append(LegendItem(Scale("0 %", "100 %"), "new in a key, of its highest value"))
    return items


def _read_heat(path: Path, size: tuple[int, int]) -> Floats:
    import cv2

    grey = np.ascontiguousarray(to_float(read_image(path))[..., 0])
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), F32)
