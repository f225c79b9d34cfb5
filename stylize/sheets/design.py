"""Design tokens shared by sheets and pages: palette, spacing and sizes of text.

Sheets are dark, because colours are judged on a neutral ground that is darker than the pictures. Grounds are exact
greys, so that they do not tint what stands on them. Text has at least the contrast of WCAG 2.2 AA, 4.5 to 1, on the
ground and on panels in both palettes. Colours that carry meaning differ in lightness or on the blue-yellow axis, so
that they stay apart for colour-blind people, and never appear without a word or a shape.
"""

from dataclasses import dataclass, fields

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colours by role, display-encoded RGB, 0..255.

    ground: behind everything. panel: behind charts and in place of missing pictures. rule: thin lines. muted: labels
    and notes. text: everything else. key: keyframes. chosen: what was picked. good, fair, poor: verdicts. curve: plots.
    """

    ground: Colour
    panel: Colour
    rule: Colour
    muted: Colour
    text: Colour
    key: Colour
    chosen: Colour
    good: Colour
    fair: Colour
    poor: Colour
    curve: Colour


DARK = Palette(
    ground=(26, 26, 26), panel=(38, 38, 38), rule=(60, 60, 60), muted=(168, 168, 168), text=(236, 236, 236),
    key=(255, 184, 77), chosen=(122, 184, 255), good=(98, 208, 178), fair=(255, 200, 87), poor=(255, 134, 101),
    curve=(122, 184, 255),
)  # fmt: skip
LIGHT = Palette(
    ground=(250, 250, 250), panel=(238, 238, 238), rule=(204, 204, 204), muted=(92, 92, 92), text=(26, 26, 26),
    key=(138, 82, 0), chosen=(0, 92, 175), good=(0, 106, 82), fair=(128, 80, 0), poor=(176, 45, 0),
    curve=(0, 92, 175),
)  # fmt: skip

# Distances in pixels of a sheet: within a label, between a picture and its label, between cells, between groups,
# between sections, and around the sheet.
TINY, SMALL, MEDIUM, LARGE, WIDE, MARGIN = 6, 12, 20, 32, 48, 56
# Sizes of text in pixels of a sheet that is up to 2520 pixels wide.
TITLE, HEADING, BODY, NOTE = 50, 32, 27, 23
# Share of a dimmed picture that remains; the rest is the ground.
DIMMED = 0.42
# Background of transparent pixels, 0 to 1: black and white are both visible on it.
BACKDROP = 0.25


def css_variables(palette: Palette) -> str:
    """Return the palette as CSS custom properties, as in ``--ground: #1a1a1a;``."""
    return " ".join(f"--{one.name}: {hex_colour(getattr(palette, one.name))};" for one in fields(palette))


def hex_colour(colour: Colour) -> str:
    """Return the colour as CSS writes it, as in ``#1a1a1a``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mix(under: Colour, over: Colour, share: float) -> Colour:
    """Return ``over`` composited onto ``under`` with an opacity of ``share``, 0..1."""
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(under, over, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1..21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
