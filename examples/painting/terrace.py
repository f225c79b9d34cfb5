"""The scene of the cel: a girl and a cat above a harbour town on a summer's day, as flat parts, the lowest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from painting.scene import Array, Colour

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Part:
    """A flat shape.

    outline: (N, 2), x then y. shade: the second tone, on the side away from the light, ``depth`` pixels deep. line: the
    mean width of the outline, 0 for none. open: a line alone. within: the part that the fill does not leave, (N, 2).
    """

    outline: Array
    colour: Colour
    shade: Colour | None = None
    depth: float = 8.0
    line: float = 1.6
    open: bool = False
    ink: Colour | None = None
    within: Array | None = None


def curve(points: Points, closed: bool = True, steps: int = 8) -> Array:
    """A smooth curve through the points (Catmull and Rom), with a corner where a point comes twice: float32 (N, 2)."""
    p = np.array(points, np.float32)
    around = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    pieces = []
    for a, b, c, d in zip(around[:-3], around[1:-2], around[2:-1], around[3:], strict=True):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate(pieces if closed else [*pieces, p[-1:]])


def straight(points: Points) -> Array:
    """A polygon with points along its sides, so that the width of its outline can vary: float32 (N, 2)."""
    p = np.array(points, np.float32)
    sides = []
    for a, b in zip(p, np.roll(p, -1, 0), strict=True):
        count = max(2, int(np.hypot(*(b - a)) / 6))
        sides.append(a + (b - a) * np.linspace(0, 1, count, endpoint=False, dtype=np.float32)[:, None])
    return np.concatenate(sides)


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Array:
    """An ellipse: float32 (N, 2)."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    u, v = rx * np.cos(t), ry * np.sin(t)
    return np.stack([x + u * c - v * s, y + u * s + v * c], -1).astype(np.float32)


def placed(points: Points, at: tuple[float, float], size: float) -> list[tuple[float, float]]:
    """Points around the origin, scaled and put at ``at``."""
    return [(at[0] + size * x, at[1] + size * y) for x, y in points]


def terrace() -> list[Part]:
    """Composes it."""
    return [*_sky(), *_sea(), *_town(), *_wall(), *_cat(), *_girl((432.0, 186.0), 1.08), *_leaves()]


def _sky() -> list[Part]:
    parts = [
        Part(straight([(0, 0), (640, 0), (640, 480), (0, 480)]), (0.30, 0.60, 0.90), line=0),
        Part(straight([(0, 70), (640, 58), (640, 480), (0, 480)]), (0.44, 0.72, 0.95), line=0),
        Part(straight([(0, 136), (640, 128), (640, 480), (0, 480)]), (0.64, 0.85, 0.97), line=0),
    ]
    cloud = [
        (60, 206), (40, 176), (70, 152), (64, 122), (98, 104), (112, 72), (152, 64), (178, 36), (222, 34), (246, 58),
        (284, 56), (300, 88), (334, 100), (336, 132), (370, 150), (372, 182), (352, 206), (352, 206), (60, 206),
    ]  # fmt: skip
    white, blue = (0.995, 0.985, 0.955), (0.74, 0.82, 0.94)
    parts.append(Part(curve(cloud), white, blue, 16, line=0))
    for x, y, rx, ry in (
        (150, 128, 34, 26),
        (216, 92, 40, 30),
        (272, 132, 36, 26),
        (200, 158, 46, 24),
        (104, 166, 30, 20),
    ):
        parts.append(Part(oval(x, y, rx, ry), white, blue, 9, line=0))
    for x, y, wide in ((560, 66, 66), (600, 112, 44), (500, 34, 34)):
        puff = [
            (-1, 0.16),
            (-0.7, -0.10),
            (-0.36, -0.12),
            (-0.1, -0.34),
            (0.3, -0.28),
            (0.5, -0.06),
            (1, 0.16),
            (1, 0.16),
        ]
        parts.append(Part(curve(placed(puff, (x, y), wide)), white, blue, 6, line=0))
    return parts


def _sea() -> list[Part]:
    deep, light = (0.10, 0.42, 0.66), (0.62, 0.87, 0.93)
    parts = [
        Part(curve([(0, 196), (60, 172), (130, 186), (200, 190), (210, 206), (210, 206), (0, 206), (0, 206)]),
             (0.42, 0.58, 0.66), (0.34, 0.48, 0.62), 6, 1.0),
        Part(straight([(0, 204), (640, 204), (640, 330), (0, 330)]), (0.16, 0.52, 0.76), line=0),
        Part(straight([(0, 204), (640, 204), (640, 216), (0, 216)]), deep, line=0),
    ]  # fmt: skip
    rows = (
        (150, 222, 34),
        (230, 229, 46),
        (90, 236, 40),
        (300, 240, 52),
        (180, 250, 44),
        (330, 256, 40),
        (260, 264, 60),
    )
    for x, y, wide in rows:
        parts.append(
            Part(curve([(x - wide, y), (x, y - 1.6), (x + wide, y), (x + wide, y), (x, y + 1.6)]), light, line=0)
        )
    hull, sail = [(-22, 0), (24, -2), (16, 9), (-15, 9)], [(-1, -4), (-1, -52), (24, -6)]
    back = [(-4, -4), (-4, -44), (-20, -5)]
    for x, y, size in ((256, 236, 0.9), (120, 222, 0.5)):
        parts += [
            Part(straight(placed(hull, (x, y), size)), (0.80, 0.22, 0.20), (0.54, 0.12, 0.20), 3, 1.3),
            Part(straight(placed(sail, (x, y), size)), (1.0, 0.98, 0.92), (0.80, 0.82, 0.90), 5, 1.3),
            Part(straight(placed(back, (x, y), size)), (0.98, 0.82, 0.46), (0.84, 0.60, 0.36), 4, 1.3),
        ]
    return parts


HOUSES = (
    # x, top, width, roof's height, wall, its shade, roof, its shade
    (-20, 214, 92, 30, (0.98, 0.90, 0.76), (0.78, 0.66, 0.66), (0.86, 0.38, 0.24), (0.62, 0.22, 0.24)),
    (172, 262, 70, 26, (0.96, 0.78, 0.66), (0.74, 0.54, 0.58), (0.80, 0.32, 0.22), (0.56, 0.20, 0.24)),
    (66, 242, 112, 34, (1.0, 0.97, 0.90), (0.76, 0.76, 0.86), (0.90, 0.46, 0.28), (0.66, 0.28, 0.26)),
    (236, 286, 96, 28, (0.99, 0.88, 0.62), (0.78, 0.62, 0.54), (0.84, 0.36, 0.26), (0.60, 0.22, 0.26)),
    (318, 270, 92, 30, (0.95, 0.95, 0.94), (0.70, 0.74, 0.84), (0.76, 0.34, 0.30), (0.52, 0.20, 0.28)),
    (540, 236, 120, 36, (0.99, 0.86, 0.74), (0.76, 0.60, 0.62), (0.88, 0.42, 0.26), (0.62, 0.26, 0.26)),
)


def _town() -> list[Part]:
    parts = []
    bushes = ((-10, 330, 60), (150, 330, 50), (250, 336, 44), (340, 338, 60), (620, 330, 70), (540, 340, 50))
    for x, y, radius in bushes:
        parts.append(_bush(x, y - 30, radius, (0.36, 0.62, 0.34), (0.18, 0.42, 0.34)))
    for x, top, wide, high, wall, wall_shade, roof, roof_shade in HOUSES:
        parts.append(Part(straight([(x, top), (x + wide, top), (x + wide, 420), (x, 420)]), wall, wall_shade, 22, 1.4))
        eaves = [
            (x - 8, top + 4),
            (x + wide * 0.22, top - high),
            (x + wide * 0.78, top - high),
            (x + wide + 8, top + 4),
        ]
        under = [(x, top + 4), (x + wide, top + 4), (x + wide, top + 13), (x, top + 9)]
        parts.append(Part(straight(under), wall_shade, line=0))
        parts.append(Part(straight(eaves), roof, roof_shade, 7, 1.6))
        for k in range(1, 7):
            a, b = x - 8 + (wide + 16) * k / 7, x + wide * (0.22 + 0.56 * k / 7)
            parts.append(
                Part(curve([(a, top + 3), (b, top - high + 2)], False), roof, line=0.7, open=True, ink=roof_shade)
            )
        for column in range(int(wide // 34)):
            parts += _window(x + 12 + column * 33, top + 24)
    for x, y, radius in ((6, 384, 40), (236, 384, 34), (284, 380, 26), (560, 366, 34), (612, 366, 50)):
        parts.append(_bush(x, y, radius, (0.46, 0.70, 0.32), (0.22, 0.48, 0.32)))
    return parts


def _window(x: float, y: float) -> list[Part]:
    green, dark = (0.22, 0.52, 0.50), (0.12, 0.34, 0.40)
    return [
        Part(straight([(x, y), (x + 13, y), (x + 13, y + 21), (x, y + 21)]), (0.22, 0.28, 0.44), line=1.1),
        Part(
            straight([(x + 1, y + 12), (x + 12, y + 3), (x + 12, y + 10), (x + 1, y + 19)]), (0.50, 0.68, 0.84), line=0
        ),
        Part(straight([(x - 7, y), (x, y), (x, y + 21), (x - 7, y + 21)]), green, dark, 2, 1.0),
        Part(straight([(x + 13, y), (x + 20, y), (x + 20, y + 21), (x + 13, y + 21)]), green, dark, 2, 1.0),
    ]


def _bush(x: float, y: float, radius: float, colour: Colour, shade: Colour) -> Part:
    t = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    lobes = radius * (1 + 0.13 * np.where(np.arange(14) % 2, 1, -1))
    points = [(x + r * np.cos(a), y + 0.72 * r * np.sin(a)) for a, r in zip(t, lobes, strict=True)]
    return Part(curve(points), colour, shade, radius * 0.5, 1.3)


def _wall() -> list[Part]:
    """A stone parapet in front, its coping lit, flowers in a pot at its end."""
    top, stone, shade = (0.97, 0.91, 0.80), (0.82, 0.74, 0.68), (0.58, 0.50, 0.58)
    parts = [
        Part(straight([(-8, 398), (648, 374), (648, 490), (-8, 490)]), stone, None, line=1.6),
        Part(straight([(-8, 384), (648, 360), (648, 378), (-8, 402)]), top, None, line=1.8),
        Part(straight([(-8, 402), (648, 378), (648, 390), (-8, 414)]), shade, line=0),
    ]
    for x, y in (
        (40, 430),
        (120, 452),
        (210, 424),
        (262, 458),
        (330, 428),
        (590, 420),
        (560, 452),
        (24, 466),
        (170, 470),
    ):
        block = [(x - 30, y - 10), (x + 28, y - 12), (x + 30, y + 10), (x - 28, y + 12)]
        parts.append(Part(curve(block), (0.88, 0.80, 0.72), (0.68, 0.60, 0.63), 4, 1.0))
    shadow = [(300, 392), (352, 386), (372, 430), (350, 490), (230, 490), (270, 440)]
    parts.append(Part(curve(shadow), (0.56, 0.47, 0.58), line=0))
    return parts


def _cat() -> list[Part]:
    fur, shade, white = (0.95, 0.60, 0.24), (0.72, 0.36, 0.20), (1.0, 0.96, 0.88)
    body = [
        (96, 300),
        (84, 330),
        (74, 366),
        (78, 388),
        (100, 394),
        (136, 393),
        (156, 384),
        (158, 352),
        (146, 318),
        (132, 298),
    ]
    tail = [(150, 380), (176, 384), (198, 372), (204, 348), (196, 334), (190, 344), (192, 360), (178, 368), (154, 364)]
    head = [(78, 262), (82, 232), (82, 232), (98, 246), (116, 244), (134, 228), (134, 228), (142, 258), (144, 280),
    (130, 300),
            (108, 304), (86, 298), (76, 282)]  # fmt: skip
    parts = [
        Part(curve([(60, 398), (170, 392), (230, 388), (228, 396), (120, 402)]), (0.72, 0.64, 0.64), line=0),
        Part(curve(tail), fur, shade, 5, 2.0),
        Part(curve(body), fur, shade, 20, 2.2),
        Part(
            curve([(100, 312), (92, 340), (98, 366), (114, 370), (122, 344), (120, 314)]),
            white,
            (0.86, 0.74, 0.72),
            5,
            0,
        ),
        Part(curve([(94, 366), (90, 390), (104, 395), (112, 388), (112, 366)]), white, (0.84, 0.74, 0.74), 3, 1.6),
        Part(curve([(116, 366), (116, 390), (130, 395), (138, 386), (134, 364)]), white, (0.84, 0.74, 0.74), 3, 1.6),
        Part(curve(head), fur, shade, 9, 2.2),
        Part(curve([(96, 284), (102, 276), (110, 280), (118, 275), (126, 282), (120, 297), (106, 299)]), white, line=0),
        Part(straight([(85, 240), (94, 248), (84, 254)]), (0.96, 0.66, 0.62), line=0),
        Part(straight([(132, 236), (124, 246), (137, 252)]), (0.96, 0.66, 0.62), line=0),
        Part(straight([(107, 279), (115, 279), (111, 284)]), (0.86, 0.36, 0.38), line=0.9),
        Part(curve([(111, 284), (107, 290), (101, 289)], False), fur, line=1.4, open=True),
        Part(curve([(111, 284), (115, 290), (121, 288)], False), fur, line=1.4, open=True),
    ]
    for x in (94, 128):
        parts.append(Part(curve([(x - 7, 270), (x, 263), (x + 7, 269)], False), fur, line=2.4, open=True))
    for y in (0, 7, 14):
        parts.append(
            Part(
                curve([(150, 330 + 2 * y), (140, 333 + 2 * y), (132, 330 + 2 * y)], False),
                fur,
                line=3.0,
                open=True,
                ink=shade,
            )
        )
    for x in (102, 111, 120):
        parts.append(Part(curve([(x, 247), (x, 258)], False), fur, line=3.0, open=True, ink=shade))
    for side in (-1, 1):
        for drop in (0, 6):
            points = [(111 + side * 12, 286 + drop / 2), (111 + side * 44, 282 + drop * 1.6)]
            parts.append(Part(curve(points, False), white, line=0.9, open=True))
    return parts


SKIN, SKIN_SHADE = (1.0, 0.86, 0.75), (0.92, 0.64, 0.57)
HAIR, HAIR_SHADE = (0.40, 0.22, 0.20), (0.23, 0.11, 0.16)


def _girl(at: tuple[float, float], size: float) -> list[Part]:
    def through(*points: tuple[float, float]) -> Array:
        return curve(placed(points, at, size))

    back = through(
        (-44, -40), (-54, 0), (-52, 36), (-60, 64), (-60, 64), (-34, 58), (0, 66), (36, 62), (58, 74), (96, 78),
        (128, 64),
        (128, 64), (96, 54), (80, 30), (74, -10), (60, -48), (20, -74), (-20, -70),
    )  # fmt: skip
    return [
        Part(back, HAIR_SHADE, line=2.4),
        *_body(at, size),
        *_face(at, size),
        *_fringe(at, size),
    ]


def _body(at: tuple[float, float], size: float) -> list[Part]:
    def through(*points: tuple[float, float]) -> Array:
        return curve(placed(points, at, size))

    yellow, yellow_shade, white = (0.99, 0.80, 0.30), (0.86, 0.55, 0.24), (1.0, 0.99, 0.96)
    navy, navy_shade, red = (0.20, 0.28, 0.52), (0.11, 0.15, 0.34), (0.88, 0.24, 0.22)
    arm = through((58, 92), (84, 112), (96, 160), (104, 206), (98, 232), (70, 236), (62, 200), (54, 150), (46, 116))
    far = through(
        (-58, 96), (-82, 112), (-100, 146), (-124, 172), (-120, 190), (-98, 194), (-72, 172), (-52, 146), (-44, 110)
    )
    return [
        Part(far, yellow, yellow_shade, 14, 2.4),
        Part(through((-122, 168), (-142, 176), (-156, 186), (-150, 194), (-160, 198), (-146, 204), (-118, 196),
        (-112, 184)),
             SKIN, SKIN_SHADE, 5, 2.2),
        Part(through((-46, 196), (-60, 300), (84, 300), (66, 196), (20, 190)), navy, navy_shade, 26, 2.4),
        Part(through((-58, 94), (-34, 82), (0, 88), (34, 80), (60, 92), (66, 140), (68, 206), (10, 212), (-50, 206),
                     (-52, 150)), yellow, yellow_shade, 24, 2.4),
        Part(through((-20, 84), (-14, 140), (-8, 208), (-8, 208), (22, 208), (22, 208), (20, 140), (24, 82), (4, 92)),
             white, (0.78, 0.80, 0.90), 8, 1.4),
        Part(through((-14, 44), (-16, 82), (2, 96), (22, 80), (22, 44)), SKIN, SKIN_SHADE, 4, 2.0),
        Part(through((-15, 58), (-14, 74), (4, 72), (21, 54), (22, 44), (0, 48)), SKIN_SHADE, line=0),
        Part(through((-16, 76), (-34, 88), (-26, 108), (-26, 108), (2, 96)), white, (0.78, 0.80, 0.90), 4, 1.8),
        Part(through((22, 74), (40, 86), (32, 108), (32, 108), (2, 96)), white, (0.78, 0.80, 0.90), 4, 1.8),
        Part(through((2, 98), (-16, 108), (-12, 128), (-12, 128), (2, 110)), red, (0.62, 0.10, 0.20), 4, 1.6),
        Part(through((2, 98), (22, 106), (20, 128), (20, 128), (4, 110)), red, (0.62, 0.10, 0.20), 4, 1.6),
        Part(oval(at[0] + 3 * size, at[1] + 104 * size, 6 * size, 7 * size), red, (0.62, 0.10, 0.20), 2, 1.6),
        Part(arm, yellow, yellow_shade, 13, 2.4),
        Part(curve(placed([(66, 128), (60, 160), (64, 196)], at, size), False), yellow, line=1.6, open=True),
        Part(curve(placed([(-48, 150), (-40, 172), (-44, 190)], at, size), False), yellow, line=1.6, open=True),
        Part(curve(placed([(92, 190), (80, 196), (72, 194)], at, size), False), yellow, line=1.6, open=True),
        Part(through((-54, 92), (-44, 86), (62, 190), (70, 208), (56, 206)), (0.62, 0.36, 0.22), (0.40, 0.20, 0.18),
        3, 1.8),
        Part(through((44, 188), (96, 192), (104, 262), (40, 262)), (0.72, 0.44, 0.26), (0.48, 0.25, 0.20), 9, 2.4),
        Part(through((42, 190), (98, 192), (96, 222), (70, 232), (44, 222)), (0.80, 0.52, 0.30), (0.54, 0.30, 0.22),
        6, 2.0),
        Part(oval(at[0] + 70 * size, at[1] + 228 * size, 5, 6), (0.98, 0.84, 0.42), line=1.4),
    ]  # fmt: skip


def _face(at: tuple[float, float], size: float) -> list[Part]:
    def through(*points: tuple[float, float]) -> Array:
        return curve(placed(points, at, size))

    def stroke(width: float, *points: tuple[float, float], ink: Colour | None = None) -> Part:
        return Part(curve(placed(points, at, size), False), SKIN, line=width, open=True, ink=ink)

    outline = through((-45, -24), (-47, 6), (-42, 28), (-30, 46), (-13, 58), (-2, 58), (24, 44), (40, 24), (47, 0),
    (46, -30),
                      (28, -54), (0, -60), (-30, -52))  # fmt: skip
    brow_shadow = through((-44, -24), (-46, -4), (-36, -12), (-26, -4), (-14, -14), (0, -2), (14, -14), (30, -2),
    (40, 14),
                          (46, 8), (46, -40), (0, -58))  # fmt: skip
    return [
        Part(oval(at[0] + 47 * size, at[1] + 6 * size, 9 * size, 14 * size, 0.2), SKIN, SKIN_SHADE, 4, 2.0),
        Part(outline, SKIN, SKIN_SHADE, 6, 2.2),
        Part(brow_shadow, SKIN_SHADE, line=0, within=outline),
        Part(oval(at[0] - 33 * size, at[1] + 26 * size, 9 * size, 5 * size), (1.0, 0.70, 0.64), line=0, within=outline),
        Part(oval(at[0] + 24 * size, at[1] + 27 * size, 11 * size, 5.5 * size), (1.0, 0.70, 0.64), line=0),
        *_eye(at, size, -26, 8, 0.82),
        *_eye(at, size, 13, 8, 1.0),
        stroke(2.2, (-38, -16), (-28, -20), (-18, -17), ink=HAIR_SHADE),
        stroke(2.2, (2, -18), (14, -21), (26, -15), ink=HAIR_SHADE),
        Part(through((-13, 24), (-9, 29), (-13, 31), (-13, 31)), SKIN_SHADE, line=0),
        stroke(1.5, (-12, 23), (-16, 29), (-11, 31)),
        Part(
            through((-23, 38), (-8, 40), (9, 37), (9, 37), (2, 47), (-9, 50), (-18, 46)), (0.58, 0.14, 0.18), line=1.8
        ),
        Part(through((-15, 46), (-7, 44), (0, 46), (-8, 50)), (0.94, 0.46, 0.46), line=0),
        stroke(2.0, (-25, 37), (-8, 40), (11, 36)),
    ]


def _eye(at: tuple[float, float], size: float, x: float, y: float, wide: float) -> list[Part]:
    def near(*points: tuple[float, float], closed: bool = True) -> Array:
        return curve(placed([(x + wide * px, y + py) for px, py in points], at, size), closed)

    white = near((-12, -2), (-8, -10), (2, -12), (10, -8), (13, 2), (8, 11), (-4, 12), (-10, 7))
    centre = (at[0] + size * (x - 1.5), at[1] + size * (y + 0.5))
    return [
        Part(white, (1.0, 1.0, 1.0), line=0),
        Part(oval(*centre, 8.2 * wide * size, 11.2 * size), (0.16, 0.50, 0.50), line=1.2, within=white),
        Part(
            oval(centre[0], centre[1] - 4 * size, 7.6 * wide * size, 6.4 * size),
            (0.08, 0.22, 0.30),
            line=0,
            within=white,
        ),
        Part(oval(*centre, 4 * wide * size, 6 * size), (0.05, 0.06, 0.12), line=0, within=white),
        Part(
            oval(centre[0], centre[1] + 7 * size, 5 * wide * size, 3.2 * size), (0.42, 0.80, 0.72), line=0, within=white
        ),
        Part(oval(centre[0] + 3.4 * size, centre[1] - 5.4 * size, 2.9 * size, 3.4 * size), (1.0, 1.0, 1.0), line=0),
        Part(oval(centre[0] - 3.6 * size, centre[1] + 4.6 * size, 1.5 * size, 1.7 * size), (1.0, 1.0, 1.0), line=0),
        Part(near((-15, 0), (-10, -10), (1, -13.5), (11, -10), (15.5, -1), closed=False), SKIN, line=3.6, open=True),
        Part(near((-8, 11.5), (0, 13), (8, 11), closed=False), SKIN, line=1.2, open=True),
    ]


def _fringe(at: tuple[float, float], size: float) -> list[Part]:
    points = (
        (-50, 22), (-50, 22), (-55, -14), (-48, -46), (-22, -72), (12, -80), (46, -66), (66, -34), (68, 6), (60, 44),
        (60, 44), (50, 20), (48, -12), (42, -22), (38, 8), (38, 8), (26, -12), (18, -28), (4, -2), (4, -2), (0, -20),
        (-6, -30), (-20, -4), (-20, -4), (-24, -20), (-28, -28), (-38, -2), (-38, -2), (-42, -14),
    )  # fmt: skip
    hair = curve(placed(points, at, size))
    shine = curve(
        placed([(-40, -44), (-24, -56), (2, -60), (28, -54), (46, -38), (40, -40), (30, -44), (22, -42), (12, -50),
        (2, -46),
                (-10, -51), (-18, -44), (-28, -46)], at, size)
    )  # fmt: skip
    locks = [[(-10, -76), (-12, -54), (-6, -32)], [(20, -76), (26, -50), (22, -30)], [(44, -62), (52, -30), (50, -4)]]
    ribbon, ribbon_shade = (0.90, 0.26, 0.24), (0.62, 0.12, 0.22)
    bow = [(46, -64), (56, -92), (78, -94), (74, -72), (90, -58), (78, -46), (52, -54)]
    return [
        Part(hair, HAIR, HAIR_SHADE, 9, 2.4),
        Part(shine, (0.66, 0.40, 0.32), line=0, within=hair),
        *(Part(curve(placed(lock, at, size), False), HAIR, line=1.5, open=True) for lock in locks),
        Part(curve(placed(bow, at, size)), ribbon, ribbon_shade, 4, 2.2),
        Part(oval(at[0] + 50 * size, at[1] - 60 * size, 7 * size, 8 * size), ribbon, ribbon_shade, 3, 2.0),
    ]


def _leaves() -> list[Part]:
    """A branch of leaves that hangs into the upper right corner, near and heavy, and flowers at the lower left."""
    parts = [
        Part(
            curve([(650, 22), (600, 36), (576, 52), (552, 70)], False),
            (0, 0, 0),
            line=4.5,
            open=True,
            ink=(0.30, 0.18, 0.16),
        )
    ]
    for x, y, turn, length in (
        (640, 30, 2.3, 54), (612, 30, -2.6, 50), (598, 40, 1.5, 50), (576, 50, -2.9, 48), (568, 58, 1.2, 46),
        (554, 70, 2.6, 40), (636, 14, 1.2, 60), (620, 12, 3.0, 44),
    ):  # fmt: skip
        parts += _leaf(x, y, turn, length)
    for x, y, tint, dark in (
        (18, 452, (0.96, 0.36, 0.46), (0.70, 0.16, 0.36)), (52, 470, (0.99, 0.76, 0.32), (0.82, 0.48, 0.22)),
        (30, 484, (0.72, 0.50, 0.88), (0.46, 0.28, 0.66)), (84, 478, (0.96, 0.36, 0.46), (0.70, 0.16, 0.36)),
    ):  # fmt: skip
        parts += _leaf(x, y + 6, -2.4, 34) + _leaf(x, y + 6, -0.6, 34)
        parts += [
            Part(oval(x + 9 * np.cos(a), y + 9 * np.sin(a), 8, 6, a), tint, dark, 3, 1.5) for a in np.arange(5) * 1.257
        ]
        parts.append(Part(oval(x, y, 5, 5), (0.99, 0.90, 0.50), (0.86, 0.62, 0.28), 2, 1.3))
    return parts


def _leaf(x: float, y: float, turn: float, length: float) -> list[Part]:
    c, s = np.cos(turn), np.sin(turn)
    half = [(0, 0), (0, 0), (0.3, -0.20), (0.65, -0.17), (1, 0), (1, 0), (0.65, 0.17), (0.3, 0.20)]
    points = [(x + length * (u * c - v * s), y + length * (u * s + v * c)) for u, v in half]
    vein = [(x, y), (x + 0.8 * length * c, y + 0.8 * length * s)]
    return [
        Part(curve(points), (0.46, 0.72, 0.30), (0.22, 0.48, 0.30), length * 0.14, 1.9),
        Part(curve(vein, False), (0, 0, 0), line=1.0, open=True, ink=(0.16, 0.34, 0.24)),
    ]
