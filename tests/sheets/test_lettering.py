"""Lettering: any text fits where it should, and different names look different."""

import numpy as np
import pytest
from hypothesis import given, settings

from propagate.arrays import Bytes
from stylize.sheets import lettering
from stylize.sheets.lettering import Face, Style, draw_text, fit, legible, text_width, wrap
from tests.names import TEXTS

STYLES = [Style(27), Style(50, Face.BOLD), Style(23, Face.MONO)]
TOKYO, KYOTO, EMOJI = "\u6771\u4eac", "\u4eac\u90fd", "\U0001f430"


def drawn(text: str, style: Style, width: int = 900) -> Bytes:
    canvas: Bytes = np.zeros((3 * style.line_height, width, 3), np.uint8)
    draw_text(canvas, text, (100, style.line_height + style.ascent), style, (255, 255, 255))
    return canvas


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["Agjy|", "1.33:1 ~", "\xc5ngstr\xf6m \xc9", TOKYO, f"a{EMOJI}b", "\u0416\u0439"])
def test_ink_stays_in_its_line(style: Style, text: str) -> None:
    canvas = drawn(text, style)
    rows, cols = np.nonzero(canvas.any(axis=2))
    height, overhang = style.line_height, 2
    assert rows.min() >= height
    assert rows.max() < 2 * height
    assert cols.min() >= 100 - overhang
    assert cols.max() < 100 + text_width(text, style) + overhang


@pytest.mark.slow
@given(TEXTS)
@settings(deadline=None, max_examples=60)
def test_any_text_fits(text: str) -> None:
    style = STYLES[0]
    assert text_width(fit(text, 200, style), style) <= 200
    lines = wrap(text, 200, style, 2)
    assert len(lines) <= 2
    assert all(text_width(line, style) <= 200 for line in lines)


def test_shortened_names_keep_both_ends() -> None:
    name = "sequence_of_a_long_name_v003.0001.exr"
    assert fit(name, 2000, STYLES[0]) == name
    short = fit(name, 200, STYLES[0])
    assert short.startswith("sequ")
    assert short.endswith(".exr")
    assert "..." in short


def test_wrapped_text_is_complete_unless_it_is_shortened() -> None:
    text = "add a key near 31 because the error there is high"
    lines = wrap(text, 200, STYLES[0], 9)
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert wrap(text, 200, STYLES[0], 2)[-1].endswith("...")
    assert "".join(wrap("x" * 99, 200, STYLES[0], 99)) == "x" * 99
    assert wrap("shot_of_a_meadow_v003.mp4", 200, STYLES[0], 3)[0].endswith("_")
    assert wrap("", 200, STYLES[0], 3) == []


@pytest.mark.parametrize("names", [(TOKYO, KYOTO), (EMOJI, "\U0001f431"), ("\u0639\u0631", "\u0631\u0639")])
def test_names_in_other_scripts_stay_different(names: tuple[str, str]) -> None:
    one, other = (drawn(name, STYLES[0]) for name in names)
    assert (one != other).any()
    assert "?" not in legible(names[0])


@pytest.mark.parametrize("text", ["\u015a\u0107", "\u0416\u0439", "\u03bb\u03ac", "\xe9\xdf\xf8"])
def test_european_letters_are_letters(text: str) -> None:
    # A box with a code point has a frame: a full row of ink across the character.
    ink = drawn(text, STYLES[0])[..., 0]
    width = text_width(text, STYLES[0])
    assert (ink > 60).sum(axis=1).max() < 0.9 * width


def test_decomposed_names_look_like_composed_ones() -> None:
    assert (drawn("Zoe\u0308", STYLES[0]) == drawn("Zo\xeb", STYLES[0])).all()
    assert legible("a\u200bb\nc") == r"ab\nc"


def test_text_beyond_the_canvas_is_cut_off() -> None:
    canvas: Bytes = np.zeros((20, 20, 3), np.uint8)
    for place in ((-40, 10), (15, 40), (200, 5), (5, -90)):
        draw_text(canvas, "Wg", place, STYLES[0], (9, 9, 9))
    assert canvas.max() <= 9


def test_text_is_drawn_without_the_fonts_of_openimageio(monkeypatch: pytest.MonkeyPatch) -> None:
    caches = lettering._font, lettering._has, lettering._runs
    try:
        for cache in caches:
            cache.cache_clear()
        monkeypatch.setattr(lettering, "_font_data", lambda face: None)
        assert drawn("frame 12", STYLES[0]).any()
        assert (drawn(TOKYO, STYLES[0]) != drawn(KYOTO, STYLES[0])).any()
    finally:
        for cache in caches:
            cache.cache_clear()
