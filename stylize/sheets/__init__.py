"""The design that pictures and pages of results share: palette, lettering, labelled sheets and heat maps."""

from stylize.sheets.content import (
    Banner,
    Cell,
    Column,
    Fact,
    LegendItem,
    Level,
    Picture,
    Reference,
    Row,
    Scale,
    Sheet,
    State,
    Verdict,
)
from stylize.sheets.labelled_sheet import draw_sheet, write_sheet

__all__ = [
    "Banner",
    "Cell",
    "Column",
    "Fact",
    "LegendItem",
    "Level",
    "Picture",
    "Reference",
    "Row",
    "Scale",
    "Sheet",
    "State",
    "Verdict",
    "draw_sheet",
    "write_sheet",
]
