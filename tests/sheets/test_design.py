"""The palette: legible text, neutral grounds, and colours for CSS."""

import pytest

from stylize.sheets.design import DARK, LIGHT, Palette, contrast, css_variables, hex_colour, mix

AA = 4.5  # WCAG 2.2, text of normal size
TEXTS = ("muted", "text", "key", "chosen", "good", "fair", "poor", "curve")


@pytest.mark.parametrize("palette", [DARK, LIGHT])
@pytest.mark.parametrize("role", TEXTS)
def test_text_is_legible_on_ground_and_panel(palette: Palette, role: str) -> None:
    colour = getattr(palette, role)
    assert min(contrast(colour, palette.ground), contrast(colour, palette.panel)) >= AA


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_grounds_do_not_tint_pictures(palette: Palette) -> None:
    for colour in (palette.ground, palette.panel, palette.rule):
        assert len(set(colour)) == 1


def test_css_has_every_role() -> None:
    css = css_variables(DARK)
    assert css.startswith("--ground: #1a1a1a; --panel: #262626;")
    assert all(f"--{role}: {hex_colour(getattr(DARK, role))};" in css for role in TEXTS)


def test_mix_is_between_its_colours() -> None:
    assert mix((0, 0, 0), (200, 100, 50), 0.5) == (100, 50, 25)
