"""Content of a labelled sheet: pictures in rows, with headings, captions, a header, a legend and footer lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path

from propagate.arrays import Bytes, Pixels
from stylize.sheets.design import Colour

# A file, pixels as `read_image` returns them, or a function that returns such pixels when the picture is drawn.
Picture = Path | Pixels | Callable[[], Pixels]


class State(Enum):
    """Emphasis of a picture.

    NORMAL: none. DIMMED: it stands in for a missing picture, such as the nearest key. OUTLINED: it is special, such as
    a key among other frames. CHOSEN: it was picked from several.
    """

    NORMAL = "normal"
    DIMMED = "dimmed"
    OUTLINED = "outlined"
    CHOSEN = "chosen"


class Level(Enum):
    """Verdict, from nothing to do to something to fix."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True)
class Cell:
    """A picture with its labels.

    picture: None leaves an empty panel. caption: one line below the picture; shortened in its middle if too long.
    note: up to three lines below the caption.
    """

    picture: Picture | None
    caption: str = ""
    state: State = State.NORMAL
    note: str = ""


@dataclass(frozen=True)
class Row:
    """Pictures side by side, on several lines if there are many.

    heading, note: labels left of the row. picture: small picture below them, with square pixels, such as a reference.
    """

    cells: Sequence[Cell]
    heading: str = ""
    note: str = ""
    picture: Picture | None = None


@dataclass(frozen=True)
class Column:
    """Heading of a column. note: up to two lines below it. state: OUTLINED and CHOSEN colour the heading."""

    heading: str
    note: str = ""
    state: State = State.NORMAL


@dataclass(frozen=True)
class Fact:
    """A label and its value, with its unit."""

    label: str
    value: str


@dataclass(frozen=True)
class Reference:
    """A small picture in the header, with square pixels."""

    picture: Picture
    caption: str


@dataclass(frozen=True)
class Verdict:
    """A judgement in words. advice: what to do, in sentences."""

    level: Level
    text: str
    advice: Sequence[str] = ()


@dataclass(frozen=True)
class Scale:
    """Bar of the heat map's colours in a legend. low, high: values at its ends, with units."""

    low: str
    high: str


@dataclass(frozen=True)
class LegendItem:
    """Meaning of a state of pictures, of a colour, or of the heat map."""

    mark: State | Colour | Scale
    meaning: str


@dataclass(frozen=True)
class Banner:
    """A drawing between the header and the rows, as wide as a sheet can be, such as a chart.

    height: in pixels. draw: returns the drawing for a (width, height): RGB, uint8 (height, width, 3).
    """

    height: int
    draw: Callable[[int, int], Bytes]


@dataclass(frozen=True)
class Sheet:
    """All that a sheet shows.

    rows: with at most a few hundred pictures in all. columns: headings of the columns; rows are then not broken into
    several lines. footer: lines in a monospaced face, such as commands; never shortened. pixel_aspect: width of a pixel
    of the rows' pictures divided by its height. banner: makes rows optional.
    """

    title: str
    rows: Sequence[Row]
    subtitle: str = ""
    facts: Sequence[Fact] = ()
    references: Sequence[Reference] = ()
    verdict: Verdict | None = None
    columns: Sequence[Column] = ()
    legend: Sequence[LegendItem] = ()
    footer: Sequence[str] = ()
    pixel_aspect: Fraction = Fraction(1)
    banner: Banner | None = None
