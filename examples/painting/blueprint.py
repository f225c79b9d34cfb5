"""A blueprint: pale lines of several weights, hatching and lettering on Prussian blue, one hue throughout."""

from collections.abc import Sequence

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array, Random, noise

FINE = 4  # the sheet is drawn at four times the size and averaged down
GROUND = np.array([0.040, 0.150, 0.335], np.float32)
PALE = np.array([0.905, 0.955, 1.000], np.float32)
HEAVY, MEDIUM, THIN, HAIR = 2.4, 1.3, 0.85, 0.5
Points = Sequence[tuple[float, float]]
CENTRE, FLOOR, SPRING = 196.0, 404.0, 212.0  # of the building: its axis, ground level, and where the dome springs
RADIUS = 122.0


class Tracing:
    """Exposed lines at FINE times the picture's size: uint8 (H, W), 255 for the palest."""

    def __init__(self, rng: Random) -> None:
        self.light = np.zeros((HEIGHT * FINE, WIDTH * FINE), np.uint8)
        self.rng = rng

    def line(self, points: Points, weight: float, tone: int = 255, closed: bool = False, over: float = 0.0) -> None:
        """A ruled line through ``points``; ``over``: pixels by which a draughtsman runs past its ends."""
        path = np.array(points, np.float32)
        if over and not closed:
            for end, inner in ((0, 1), (-1, -2)):
                way = path[end] - path[inner]
                path[end] = path[end] + way / max(float(np.hypot(*way)), 1e-6) * over * self.rng.uniform(0.4, 1.2)
        at = np.rint(path * FINE * 16).astype(np.int32)
        cv2.polylines(self.light, [at], closed, tone, max(1, round(weight * FINE)), cv2.LINE_AA, 4)

    def arc(self, x: float, y: float, radius: float, start: float, end: float, weight: float, tone: int = 255) -> None:
        """Part of a circle between two angles in degrees, clockwise from the right."""
        t = np.radians(np.linspace(start, end, max(12, int(abs(end - start)))))
        self.line(list(zip(x + radius * np.cos(t), y + radius * np.sin(t), strict=True)), weight, tone)

    def dashed(self, points: Points, weight: float, dash: float = 6.0, tone: int = 210) -> None:
        """A dashed line between two points."""
        (ax, ay), (bx, by) = points
        length = float(np.hypot(bx - ax, by - ay))
        for along in np.arange(0, length, dash * 1.6):
            a, b = along / length, min(1.0, (along + dash) / length)
            self.line(
                [(ax + (bx - ax) * a, ay + (by - ay) * a), (ax + (bx - ax) * b, ay + (by - ay) * b)], weight, tone
            )

    def wash(self, points: Points, tone: int) -> None:
        """A flat tone over a polygon."""
        layer = np.zeros_like(self.light)
        cv2.fillPoly(layer, [np.rint(np.array(points) * FINE).astype(np.int32)], tone)
        self.light = np.maximum(self.light, layer)

    def hatch(self, points: Points, gap: float, turn: float, weight: float = HAIR, tone: int = 235) -> None:
        """Parallel lines inside a polygon."""
        inside, lines = np.zeros_like(self.light), np.zeros_like(self.light)
        cv2.fillPoly(inside, [np.rint(np.array(points) * FINE).astype(np.int32)], 1)
        c, s = np.cos(turn), np.sin(turn)
        x, y = np.array(points).mean(0)
        for shift in np.arange(-420, 420, gap):
            ends = [
                (x - s * shift - c * 500, y + c * shift - s * 500),
                (x - s * shift + c * 500, y + c * shift + s * 500),
            ]
            at = np.rint(np.array(ends) * FINE).astype(np.int32)
            cv2.line(lines, at[0].tolist(), at[1].tolist(), tone, max(1, round(weight * FINE)), cv2.LINE_AA)
        self.light = np.maximum(self.light, lines * inside)

    def text(self, words: str, x: float, y: float, size: float, weight: float = 0.8, middle: bool = False) -> None:
        """Single-stroke capitals, ``size`` pixels high."""
        scale, thick = size * FINE / 21, max(1, round(weight * FINE))
        if middle:
            x -= cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)[0][0] / FINE / 2
        at = (round(x * FINE), round(y * FINE))
        cv2.putText(self.light, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_AA)

    def dimension(self, start: tuple[float, float], end: tuple[float, float], words: str) -> None:
        """A dimension line with slashes at its ends and a number over its middle."""
        self.line([start, end], HAIR, over=4)
        for x, y in (start, end):
            self.line([(x - 3, y + 3), (x + 3, y - 3)], MEDIUM)
        if abs(end[0] - start[0]) > abs(end[1] - start[1]):
            self.text(words, (start[0] + end[0]) / 2, start[1] - 3, 6.5, 0.7, True)
        else:
            self.text(words, start[0] + 4, (start[1] + end[1]) / 2 + 3, 6.5, 0.7)


def blueprint() -> Array:
    """The sheet, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(11))
    sheet = Tracing(rng)
    _border(sheet)
    _building(sheet)
    _telescope(sheet)
    _measures(sheet)
    _plan(sheet)
    _gear(sheet)
    return exposed(sheet.light, rng)


def _border(sheet: Tracing) -> None:
    sheet.line([(14, 14), (626, 14), (626, 466), (14, 466)], HEAVY, closed=True)
    sheet.line([(20, 20), (620, 20), (620, 460), (20, 460)], HAIR, closed=True)
    sheet.line([(400, 392), (620, 392)], MEDIUM)
    sheet.line([(400, 392), (400, 460)], MEDIUM)
    for y in (420, 440):
        sheet.line([(400, y), (620, y)], THIN)
    sheet.line([(524, 420), (524, 460)], THIN)
    sheet.text("OBSERVATORY", 410, 413, 14, 1.6)
    for words, x, y in (("SECTION AND PLAN", 408, 434), ("SCALE 1:100", 530, 434), ("SHEET 3 OF 7", 408, 454)):
        sheet.text(words, x, y, 7.5, 0.8)
    sheet.wash([(526, 442), (618, 442), (618, 458), (526, 458)], 150)
    sheet.text("SECTION A - A", 44, 446, 9, 1.0)


def _building(sheet: Tracing) -> None:
    """Walls cut through, the dome of ribs and its open slit, floors, stairs, windows and the ground."""
    for side in (-1, 1):
        wall = [
            (CENTRE + side * u, y)
            for u, y in ((RADIUS, SPRING), (RADIUS, FLOOR), (RADIUS - 13, FLOOR), (RADIUS - 13, SPRING))
        ]
        sheet.wash(wall, 60)
        sheet.hatch(wall, 3.4, 0.785, 0.9)
        sheet.line(wall, HEAVY, closed=True)
        foot = [
            (CENTRE + side * u, y)
            for u, y in ((RADIUS + 8, FLOOR), (RADIUS + 8, FLOOR + 16), (RADIUS - 22, FLOOR + 16), (RADIUS - 22, FLOOR))
        ]
        sheet.wash(foot, 110)
        sheet.hatch(foot, 3.0, -0.785, 0.8)
        sheet.line(foot, MEDIUM, closed=True)
        sheet.line([(CENTRE + side * (RADIUS + 6), SPRING), (CENTRE + side * (RADIUS - 18), SPRING)], HEAVY + 1.6)
        for y in (262, 340):
            x = CENTRE + side * (RADIUS - 6.5)
            sheet.wash([(x - 9, y), (x + 9, y), (x + 9, y + 34), (x - 9, y + 34)], 190)
            sheet.line([(x - 9, y), (x + 9, y), (x + 9, y + 34), (x - 9, y + 34)], MEDIUM, closed=True)
            sheet.line([(x, y), (x, y + 34)], HAIR, 40)
    for radius, weight in ((RADIUS, HEAVY), (RADIUS - 5, THIN), (RADIUS - 14, MEDIUM)):
        sheet.arc(CENTRE, SPRING, radius, 180, 292, weight)
        sheet.arc(CENTRE, SPRING, radius, 322, 360, weight)
    for angle in np.radians(np.arange(186, 360, 6)):
        if not 292 < np.degrees(angle) < 322:
            ends = [(CENTRE + r * np.cos(angle), SPRING + r * np.sin(angle)) for r in (RADIUS - 14, RADIUS - 5)]
            sheet.line(ends, THIN)
    for angle in np.radians((292, 322)):
        sheet.line(
            [(CENTRE + r * np.cos(angle), SPRING + r * np.sin(angle)) for r in (RADIUS - 18, RADIUS + 12)], HEAVY
        )
    sheet.line([(20, FLOOR), (372, FLOOR)], HEAVY)
    for y in (306, 312):
        sheet.line([(CENTRE - RADIUS + 13, y), (CENTRE - 30, y)], MEDIUM)
        sheet.line([(CENTRE + 30, y), (CENTRE + RADIUS - 13, y)], MEDIUM)
    soil = [(20, FLOOR + 1), (372, FLOOR + 1), (372, FLOOR + 12), (20, FLOOR + 12)]
    sheet.hatch(soil, 5.0, -0.9, HAIR, 190)
    steps = [(CENTRE + 46 + 6 * (k // 2 + k % 2), FLOOR - 7.66 * (k // 2)) for k in range(25)]
    sheet.line(steps, MEDIUM)
    sheet.line([(x, y - 24) for x, y in steps[1::6]], THIN)
    for x, y in steps[1::6]:
        sheet.line([(x, y), (x, y - 24)], THIN)
    sheet.line([(CENTRE - 96, FLOOR), (CENTRE - 96, 350), (CENTRE - 68, 350), (CENTRE - 68, FLOOR)], MEDIUM)
    sheet.arc(CENTRE - 82, 350, 14, 180, 360, MEDIUM)
    sheet.line([(CENTRE - 82, 350), (CENTRE - 82, FLOOR)], HAIR)


def _telescope(sheet: Tracing) -> None:
    """The instrument on its pier, pointed through the slit."""
    pier = [(CENTRE - 15, 236), (CENTRE + 15, 236), (CENTRE + 24, FLOOR + 30), (CENTRE - 24, FLOOR + 30)]
    sheet.wash(pier, 45)
    sheet.hatch(pier, 4.2, 0.785, THIN)
    sheet.hatch(pier, 4.2, -0.785, HAIR)
    sheet.line(pier, HEAVY, closed=True)
    turn = np.radians(-53)
    c, s = np.cos(turn), np.sin(turn)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(CENTRE + 4 + u * c - v * s, 208 + u * s + v * c) for u, v in points]

    tube = at((-46, -11), (88, -14), (88, 14), (-46, 11))
    sheet.light[_filled(sheet, tube)] = 0
    sheet.wash(tube, 130)
    sheet.line(tube, HEAVY, closed=True)
    sheet.line(at((88, -18), (104, -18), (104, 18), (88, 18)), MEDIUM, closed=True)
    sheet.line(at((-46, -7), (-66, -6), (-66, 6), (-46, 7)), MEDIUM, closed=True)
    sheet.line(at((-66, -3), (-76, -3), (-76, 3), (-66, 3)), MEDIUM, closed=True)
    for u in (-30, 0, 26, 54, 76):
        sheet.line(at((u, -13), (u, 13)), MEDIUM, 40 if u in (0, 54) else 255)
    sheet.dashed((at((-90, 0))[0], at((190, 0))[0]), HAIR)
    for side in (-1, 1):
        sheet.dashed((at((104, 16 * side))[0], at((176, 16 * side))[0]), HAIR, 3)
    sheet.line([(CENTRE - 12, 236), (CENTRE - 8, 214), (CENTRE + 12, 214), (CENTRE + 14, 236)], HEAVY)
    for radius, weight in ((15, HEAVY), (10, THIN), (4, HEAVY)):
        sheet.arc(CENTRE + 4, 210, radius, 0, 360, weight)


def _filled(sheet: Tracing, points: Points) -> Array:
    mask = np.zeros_like(sheet.light)
    cv2.fillPoly(mask, [np.rint(np.array(points) * FINE).astype(np.int32)], 1)
    return mask > 0


def _measures(sheet: Tracing) -> None:
    sheet.dimension((CENTRE - RADIUS, 66), (CENTRE + RADIUS, 66), "12 200")
    sheet.dimension((342, SPRING), (342, FLOOR), "9 600")
    sheet.dimension((342, SPRING - RADIUS), (342, SPRING), "6 100")
    sheet.dimension((36, 306), (36, FLOOR), "4 900")
    for x in (CENTRE - RADIUS, CENTRE + RADIUS):
        sheet.line([(x, 60), (x, SPRING - 8)], HAIR, 150)
    for y in (SPRING - RADIUS, SPRING):
        sheet.line([(CENTRE + 20, y), (350, y)], HAIR, 130)
    sheet.dashed(((CENTRE, 40), (CENTRE, 440)), HAIR, 9, 190)
    for words, x, y, to in (
        ("SLIT", 300, 96, (CENTRE + 70, 112)), ("DOME", 36, 112, (CENTRE - 96, 136)),
        ("PIER", 118, 286, (CENTRE - 17, 276)),
    ):  # fmt: skip
        sheet.text(words, x, y, 8, 0.9)
        sheet.line([(x + (-3 if to[0] < x else 30), y - 3), to], THIN)
        sheet.arc(*to, 1.6, 0, 360, MEDIUM)


def _plan(sheet: Tracing) -> None:
    """The plan: ring of the wall, radial stairs, the pier, the slit, axes and the north."""
    x, y, outer, inner = 498.0, 138.0, 92.0, 80.0
    t = np.radians(np.arange(0, 361, 3))
    ring = [(x + outer * np.cos(a), y + outer * np.sin(a)) for a in t] + [
        (x + inner * np.cos(a), y + inner * np.sin(a)) for a in t[::-1]
    ]
    sheet.wash(ring, 60)
    sheet.hatch(ring, 3.4, 0.785, 0.9)
    for radius, weight in ((outer, HEAVY), (inner, HEAVY), (56, THIN), (30, MEDIUM), (22, THIN)):
        sheet.arc(x, y, radius, 0, 360, weight)
    sheet.hatch([(x + 22 * np.cos(a), y + 22 * np.sin(a)) for a in t], 3.6, -0.785, THIN)
    for angle in np.radians(np.arange(20, 150, 6.5)):
        sheet.line([(x + r * np.cos(angle), y + r * np.sin(angle)) for r in (56, inner)], THIN)
    for angle in np.radians((200, 250, 300, 345)):
        u, v = np.cos(angle), np.sin(angle)
        gap = [(x + r * u - w * v, y + r * v + w * u) for r, w in ((outer, -9), (outer, 9), (inner, 9), (inner, -9))]
        sheet.wash(gap, 215)
        sheet.line(gap, MEDIUM, closed=True)
    for way in ((1, 0), (0, 1)):
        sheet.dashed(((x - 108 * way[0], y - 108 * way[1]), (x + 108 * way[0], y + 108 * way[1])), HAIR, 9)
    for side in (-8, 8):
        sheet.dashed(((x + side, y - 30), (x + side, y - inner)), THIN, 5)
    sheet.text("A", x - 120, y + 4, 9, 1.2)
    sheet.text("A", x + 112, y + 4, 9, 1.2)
    sheet.text("PLAN", x + 64, y + 102, 9, 1.0)
    sheet.arc(404, 52, 13, 0, 360, THIN)
    sheet.wash([(404, 36), (410, 62), (404, 56)], 255)
    sheet.line([(404, 36), (410, 62), (404, 56), (398, 62)], THIN, closed=True)
    sheet.text("N", 400, 33, 8, 1.0)


def _gear(sheet: Tracing) -> None:
    """A detail: the toothed wheel that turns the dome, and its worm."""
    x, y, teeth = 462.0, 308.0, 26
    rim = []
    for k in range(teeth):
        for shift, radius in ((-0.32, 47), (-0.17, 55), (0.17, 55), (0.32, 47)):
            a = 2 * np.pi * (k + shift) / teeth
            rim.append((x + radius * np.cos(a), y + radius * np.sin(a)))
    sheet.wash(rim, 130)
    hub = [(x + 36 * np.cos(a), y + 36 * np.sin(a)) for a in np.radians(np.arange(0, 360, 4))]
    sheet.light[_filled(sheet, hub)] = 0
    sheet.line(rim, MEDIUM, closed=True)
    for radius, weight in ((36, MEDIUM), (15, HEAVY), (8, MEDIUM)):
        sheet.arc(x, y, radius, 0, 360, weight)
    for k in range(6):
        a = 2 * np.pi * k / 6
        for w in (-3.5, 3.5):
            ends = [(x + r * np.cos(a) - w * np.sin(a), y + r * np.sin(a) + w * np.cos(a)) for r in (15, 36)]
            sheet.line(ends, MEDIUM)
    worm = [(532, 282), (566, 282), (566, 362), (532, 362)]
    sheet.wash(worm, 90)
    sheet.line(worm, MEDIUM, closed=True)
    for k in range(9):
        sheet.line([(529, 288 + 8.6 * k), (569, 282 + 8.6 * k)], HEAVY)
    for ends in ([(549, 262), (549, 282)], [(549, 362), (549, 380)]):
        sheet.line(ends, HEAVY + 2)
    sheet.text("DETAIL 1:10", 571, 272, 5.2, 0.7)
    sheet.dimension((x - 55, 382), (x + 55, 382), "1 100")


def exposed(light: Array, rng: Random) -> Array:
    """Lines bleached into blue paper: a little spread, uneven blue, folds and specks."""
    size = light.shape
    line = cv2.GaussianBlur(light.astype(np.float32) / 255, (0, 0), 1.1)
    halo = cv2.GaussianBlur(line, (0, 0), 9) * 0.10
    line = cv2.resize(
        line * (0.93 + 0.09 * noise(rng, 10, 3, size)) + halo, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA
    )
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    fold = np.exp(-np.abs(x - 320 - 1.2 * noise(rng, 40, 3)) / 1.6) + np.exp(
        -np.abs(y - 240 - 1.2 * noise(rng, 40, 3)) / 1.6
    )
    faded = 0.030 + 0.030 * noise(rng, 160, 4) + 0.018 * noise(rng, 3, 2) + 0.11 * fold
    specks = cv2.GaussianBlur((rng.random((HEIGHT, WIDTH)) > 0.9992).astype(np.float32), (0, 0), 0.7) * 1.2
    part = np.clip(line * 1.06 + np.clip(faded, -0.03, 0.3) + specks, -0.03, 1)[..., None]
    return np.clip(GROUND * (1 - part) + PALE * part, 0, 1).astype(np.float32)
