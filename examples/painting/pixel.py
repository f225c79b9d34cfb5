"""Pixel art: a study at night in 24 colours and square blocks, each material a short ramp, steps dithered."""

from collections.abc import Sequence

import cv2
import numpy as np

from painting.scene import HEIGHT, WIDTH, Array, Random, noise

BLOCK = 4
ROWS, COLUMNS = HEIGHT // BLOCK, WIDTH // BLOCK
Y, X = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
PALETTE = [
    "0d0b1a",
    "1b1733",
    "2b2452",
    "3d3a78",
    "51619c",
    "7ba0c4",
    "c4dce6",
    "f7f4e6",
    "2a1420",
    "4a2230",
    "743a34",
    "a35b3c",
    "cf8a4e",
    "eebc6e",
    "fbe6a4",
    "f2a87e",
    "fbd3a8",
    "b8645a",
    "8c2538",
    "d0413f",
    "f08a5d",
    "16332f",
    "2f6b4a",
    "7fb05c",
]
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 + 1 / 32
DITHER = np.tile(BAYER, (ROWS // 4, COLUMNS // 4))

# Ramps from dark to light, numbers of the palette: in lamplight every material turns warm.
WALL, WOOD, OAK = (1, 2, 9, 10, 11, 12, 13), (8, 9, 10, 11, 12, 13), (0, 8, 9, 10, 11, 12)
NIGHT, CLOTH, SKIN, HAIR = (0, 1, 2, 3, 4, 5), (8, 18, 19, 20), (17, 15, 16), (8, 9, 10, 11)
LEAF, BLUE, CREAM, LAMP = (21, 22, 23), (1, 2, 3, 4, 5), (10, 12, 13, 14, 7), (12, 13, 14, 7)
LAMP_AT = (70.0, 53.0)

HEAD = (
    "......HHHHHH....",
    "....HHhhhhhHHH..",
    "...HhhggghhhHHH.",
    "..HhhggghhhhhHH.",
    "..HhgghhhhhhhHHH",
    ".HhhShShhhhhhHHH",
    ".HhSSSSShhhhHHHH",
    ".HSSSSSSshhhHHHH",
    ".HkkSSkkshhHHHHH",
    "..SeSSeSsskHHHHH",
    "..SeSSeSsskHHHHH",
    ".SSsSSSSssHHHHHH",
    "..SsSSSsskHHHHH.",
    "...SSrrsskHHHHH.",
    "....SSsskkHHHHH.",
    "......sskkHHHH..",
)
CAT = (
    "..o...o..............",
    ".ooo.ooo.............",
    ".ooooooo.............",
    ".oeooeoo.............",
    ".oowwooo....oooooo...",
    "..owrwoooooooddoddoo.",
    "...owwooodoodoooodooo",
    "...ooooooddoooooooodo",
    "..oowwooooooooowoooo.",
    "..wwww.wwwoooowww..oo",
    ".................oooo",
)
MUG = ("wwwww..", "w66wwww", "w66ww.w", "w66wwww", ".w6ww..")
COLOURS = {
    "H": 8, "h": 9, "g": 11, "S": 16, "s": 15, "k": 17, "e": 0, "r": 19, "o": 20, "d": 11, "w": 7, "6": 6, "y": 13,
    "n": 1,
}  # fmt: skip


class Grid:
    """Blocks of palette numbers: int (ROWS, COLUMNS)."""

    def __init__(self) -> None:
        self.index = np.zeros((ROWS, COLUMNS), np.int64)

    def fill(self, where: Array, ramp: Sequence[int], level: Array | float, dither: float = 1.0) -> None:
        """Sets blocks to the step of ``ramp`` nearest to ``level``, 0..1, with an ordered dither between steps."""
        steps = np.clip(np.broadcast_to(np.asarray(level, np.float32), X.shape), 0, 1) * (len(ramp) - 1)
        number = np.floor(steps + 0.5 + dither * (DITHER - 0.5)).astype(int)
        self.index = np.where(where, np.array(ramp)[np.clip(number, 0, len(ramp) - 1)], self.index)

    def box(self, x: int, y: int, wide: int, high: int, ramp: Sequence[int], level: Array | float) -> None:
        """Fills a rectangle."""
        self.fill(box(x, y, wide, high), ramp, level)

    def sprite(self, rows: Sequence[str], x: int, y: int) -> None:
        """Sets blocks from letters; a dot leaves what is there."""
        for down, row in enumerate(rows):
            for right, letter in enumerate(row):
                if letter != ".":
                    self.index[y + down, x + right] = COLOURS[letter]


def box(x: int, y: int, wide: int, high: int) -> Array:
    """The blocks of a rectangle: bool (ROWS, COLUMNS)."""
    return (x <= X) & (x + wide > X) & (y <= Y) & (y + high > Y)


def shape(*points: tuple[int, int]) -> Array:
    """The blocks of a polygon: bool (ROWS, COLUMNS)."""
    mask = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.fillPoly(mask, [np.array(points, np.int32)], 1)
    return mask > 0


def lamplight() -> Array:
    """Light of the lamp at each block: 0..1, strongest below the lamp."""
    dx, dy = X - LAMP_AT[0], Y - LAMP_AT[1]
    pool = 1 / (1 + (np.hypot(dx, dy * 1.1) / 30) ** 2)
    cone = np.clip(1.25 - np.abs(dx) / np.maximum(8 + 1.1 * dy, 1), 0, 1) * (dy > 0)
    return np.clip(0.92 * pool + 0.25 * cone * np.exp(-dy / 40), 0, 1).astype(np.float32)


def pixel() -> Array:
    """The picture, float32 (H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(9))
    grid, light = Grid(), lamplight()
    _room(grid, light, rng)
    _window(grid, rng)
    _shelves(grid, light, rng)
    _rug(grid, light)
    _chair_and_reader(grid, light)
    _desk(grid, light)
    grid.sprite(CAT, 22, 101)
    table = np.array([[int(code[k : k + 2], 16) for k in (0, 2, 4)] for code in PALETTE], np.float32) / 255
    return np.kron(table[grid.index], np.ones((BLOCK, BLOCK, 1), np.float32)).astype(np.float32)


def _room(grid: Grid, light: Array, rng: Random) -> None:
    grid.fill(Y < 86, WALL, np.minimum(0.06 + 0.92 * light, 0.72 + 0.1 * light))
    stripes = (np.mod(X, 8) < 1) & (Y < 66)
    grid.fill(stripes, WALL, 0.92 * light - 0.04)
    grid.fill((Y >= 66) & (Y < 84), OAK, 0.16 + 0.80 * light)
    grid.fill((Y >= 66) & (Y < 84) & (np.mod(X, 12) < 1), OAK, 0.62 * light)
    grid.fill((Y == 66) | (Y == 83), OAK, 0.40 + 0.8 * light)
    grid.fill((Y == 84) | (Y == 85), OAK, 0.02)
    grain = 0.12 * noise(rng, 14, 2, (ROWS, COLUMNS))
    grid.fill(Y >= 86, WOOD, 0.16 + 0.85 * light + grain)
    for row in (89, 94, 101, 110):
        grid.fill(row == Y, WOOD, 0.02 + 0.5 * light)
    joints = np.mod(X + 13 * np.floor(Y / 7), 37) < 1
    grid.fill(joints & (Y > 86), WOOD, 0.02 + 0.4 * light)
    moonlit = shape((16, 92), (34, 92), (26, 118), (2, 118)) | shape((36, 92), (50, 92), (48, 118), (30, 118))
    grid.fill(moonlit, (9, 3, 4, 5), 0.55 + grain)
    grid.box(82, 14, 24, 19, OAK, 0.75 + 0.3 * light)
    grid.box(84, 16, 20, 15, BLUE, 1 - (Y - 16) / 15)
    grid.fill(box(84, 16, 20, 15) & (26 - 4 * np.sin(X / 3.0) < Y), LEAF, 0.9 - (Y - 22) / 12)
    grid.fill(np.hypot(X - 98, Y - 20) < 2.6, LAMP, 0.6)


def _window(grid: Grid, rng: Random) -> None:
    grid.box(10, 8, 44, 56, OAK, 0.72)
    pane = box(12, 10, 40, 52)
    grid.fill(pane, NIGHT, 0.08 + (Y - 10) / 62)
    halo = np.hypot(X - 40, Y - 22)
    grid.fill(pane & (halo < 15), NIGHT, 0.85 - halo / 22)
    grid.fill(pane & (halo < 6.6), (5, 6, 7), 1.05 - np.hypot(X - 42, Y - 20) / 9)
    for x, y in zip(rng.integers(13, 51, 26), rng.integers(11, 40, 26), strict=True):
        if halo[y, x] > 11:
            grid.index[y, x] = int(rng.choice([4, 5, 6, 7]))
    cloud = np.abs(Y - 33 - 1.5 * np.sin(X / 5.0)) < 2.2 + 1.2 * np.sin(X / 3.1)
    grid.fill(cloud & pane & (X < 38), NIGHT, 0.85 - (Y - 31) / 9)
    x = 12
    while x < 52:
        wide, top = int(rng.integers(4, 9)), int(rng.integers(40, 54))
        tower = box(x, top, wide, 62 - top) & pane
        grid.fill(tower, NIGHT, 0.06 + 0.10 * (x % 3))
        lit = tower & (np.mod(X - x, 2) == 1) & (np.mod(Y - top, 3) == 1) & (rng.random(X.shape) < 0.42)
        grid.fill(lit, LAMP, rng.random(X.shape) * 0.7)
        x += wide
    grid.box(31, 10, 2, 52, OAK, 0.62)
    grid.box(12, 35, 40, 2, OAK, 0.62)
    grid.box(8, 62, 48, 3, OAK, 0.86)
    for left, gather in ((5, 1.0), (47, -1.0)):
        sway = 2.5 * gather * np.clip((Y - 20) / 44, 0, 1) ** 2 - (3 if gather > 0 else -3) * (np.abs(Y - 46) < 3)
        folds = 0.46 + 0.34 * np.sin((X - sway) * 1.35) - 0.12 * (Y > 50)
        grid.fill((left <= X) & (left + 11 > X) & (Y >= 7) & (Y < 76), CLOTH, folds)
    grid.box(2, 5, 60, 2, WOOD, 0.85)


def _shelves(grid: Grid, light: Array, rng: Random) -> None:
    grid.box(122, 12, 36, 78, OAK, 0.30 + 0.55 * light)
    covers = [CLOTH, LEAF, BLUE, CREAM, WOOD, HAIR, (3, 4, 5, 6), (18, 19, 20), (21, 22, 23), (11, 12, 13)]
    for shelf in range(5):
        top = 15 + 15 * shelf
        grid.box(124, top, 32, 12, (0, 8), 0.2)
        x = 124
        while x < 154:
            wide, high = int(rng.integers(2, 5)), int(rng.integers(8, 12))
            ramp = covers[int(rng.integers(len(covers)))]
            side = np.clip((X - x) / wide, 0, 1)
            book = box(x, top + 12 - high, min(wide, 156 - x), high)
            grid.fill(book, ramp, 0.30 + 1.15 * light + 0.30 * (side < 0.3) - 0.22 * (side > 0.7), 0.5)
            grid.fill(book & (top + 14 - high == Y), CREAM, 0.35 + 0.5 * light)
            x += wide + int(rng.random() < 0.12) * 3
        grid.box(124, top + 12, 32, 1, OAK, 0.75 + 0.4 * light)
    grid.box(134, 5, 11, 7, CLOTH, 0.75 - (X - 134) / 16)
    for x, y in ((136, 2), (140, 0), (144, 2), (131, 4), (148, 4), (128, 8), (151, 9)):
        grid.fill(np.hypot((X - x) / 3.2, (Y - y) / 2.2) < 1, LEAF, 0.75 - (X - x + Y - y) / 7)


def _rug(grid: Grid, light: Array) -> None:
    far = np.hypot((X - 84) / 56, (Y - 108) / 10)
    rug = (far < 1) & (Y < 119)
    grid.fill(rug, CLOTH, 0.12 + 0.85 * light)
    grid.fill(rug & (far > 0.90), CREAM, 0.20 + 0.8 * light)
    grid.fill(rug & (far > 0.68) & (far < 0.76), CREAM, 0.16 + 0.7 * light)
    weave = (np.mod(np.abs(X - 84) + 2 * np.abs(Y - 108), 10) < 2) & (far < 0.62)
    grid.fill(weave, LEAF, 0.25 + 0.9 * light)


def _chair_and_reader(grid: Grid, light: Array) -> None:
    """A girl on a chair, reading by the lamp on her left."""
    near = light + 0.10
    grid.fill(box(118, 66, 3, 42), WOOD, 0.35 + 0.3 * light)
    grid.fill(box(100, 88, 20, 3), WOOD, 0.55 + 0.4 * light)
    grid.fill(box(101, 91, 3, 18), WOOD, 0.35 + 0.3 * light)
    trousers = shape((98, 82), (116, 80), (117, 89), (99, 90)) | shape(
        (92, 84), (100, 82), (100, 92), (98, 106), (91, 106)
    )
    grid.fill(trousers, BLUE, 0.10 + 0.75 * light + 0.22 * (Y < 85))
    grid.fill(shape((86, 107), (98, 106), (98, 109), (86, 109)), CLOTH, 0.25 + 0.6 * light)
    across = (116 - X) / 14
    back = shape((102, 61), (112, 60), (117, 67), (118, 84), (100, 84), (99, 70))
    grid.fill(back, LEAF, 0.05 + 0.70 * across + 0.25 * near)
    grid.fill(box(103, 58, 6, 4), SKIN, 0.9 - (X - 103) / 6)
    grid.sprite(HEAD, 98, 43)
    arm = shape((104, 65), (110, 66), (106, 76), (96, 78), (90, 75), (92, 72), (99, 72))
    grid.fill(arm, LEAF, 0.30 + 0.42 * across + 0.35 * near)
    grid.fill(shape((105, 75), (97, 78), (92, 76)), LEAF, 0.05)
    grid.fill(box(88, 70, 4, 4), SKIN, 1.0 - (X - 88) / 6)
    pages = shape((80, 64), (87, 67), (87, 75), (80, 73)) | shape((87, 67), (93, 63), (93, 71), (87, 75))
    grid.fill(pages, CREAM, 0.62 + 0.4 * light - 0.35 * (X > 87))
    grid.fill(shape((80, 74), (87, 76), (93, 72), (93, 73), (87, 77), (80, 75)), CLOTH, 0.6)
    grid.fill((X == 87) & (Y >= 67) & (Y < 76), CREAM, 0.1)
    grid.fill(box(88, 71, 3, 3), SKIN, 1.0)


def _desk(grid: Grid, light: Array) -> None:
    grid.fill(box(52, 79, 44, 3), WOOD, 0.50 + 0.6 * light)
    grid.fill((Y == 79) & (X >= 52) & (X < 96), CREAM, 0.30 + 0.6 * light)
    grid.box(54, 82, 18, 24, OAK, 0.34 + 0.62 * light - (X - 54) / 60)
    for y in (84, 91, 98):
        grid.box(56, y, 14, 6, OAK, 0.50 + 0.55 * light)
        grid.fill((y + 5 == Y) & (X >= 56) & (X < 70), OAK, 0.05)
        grid.box(62, y + 2, 2, 1, LAMP, 0.5)
    grid.box(91, 82, 3, 25, OAK, 0.45)
    for x, y, wide, ramp in ((54, 76, 13, CLOTH), (55, 73, 11, BLUE), (54, 70, 12, LEAF)):
        grid.box(x, y, wide, 3, ramp, 0.45 + 0.5 * light)
        grid.box(x + wide - 2, y + 1, 2, 1, CREAM, 0.8)
    grid.box(66, 77, 9, 2, WOOD, 0.8 - (X - 66) / 12)
    grid.box(70, 58, 1, 19, LAMP, 0.25)
    shade = shape((65, 46), (75, 46), (79, 57), (61, 57))
    rim = cv2.dilate(shade.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    grid.fill(rim & (Y < 57), WOOD, 0.42)
    grid.fill(shade, LAMP, 0.20 + (Y - 46) / 13 - np.abs(X - 70) / 26)
    grid.fill((Y == 57) & (X >= 61) & (X <= 79), LAMP, 1.0)
    grid.sprite(MUG, 77, 74)
