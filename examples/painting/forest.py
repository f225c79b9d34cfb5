"""The scene of the woodcut: a stag before a low sun, firs and hills, a river, old trunks in front."""

import numpy as np

from painting.scene import Array, Random, Scene, X, Y, noise, ridge, soft
from painting.sculpture import Form, chain, ellipsoid, fused, limb, modelled, within

SUN_AT, SUN_RADIUS = (256.0, 152.0), 100.0


class Print(Scene):
    """A scene in grey with the numbers of the things that the second block prints in colour."""

    def __init__(self) -> None:
        super().__init__()
        self.spot: list[int] = []

    def tone(self, mask: Array, tone: Array | float, direction: Array | float, gap: float = 5.0) -> int:
        """Puts a thing of grey ``tone`` over what is there, to be cut along ``direction``, ``gap`` pixels apart."""
        grey = np.broadcast_to(np.asarray(tone, np.float32), X.shape)
        return self.composite(mask.astype(np.float32), np.repeat(grey[..., None], 3, -1), direction, gap)


def forest() -> Print:
    """Composes it. ``detail`` holds the distance between cuts in pixels."""
    rng = np.random.Generator(np.random.PCG64(61))
    scene = Print()
    _sky(scene, rng)
    _hills(scene, rng)
    _firs(scene, rng)
    _river(scene, rng)
    _bank(scene, rng)
    _stag(scene)
    _trunks(scene, rng)
    _ferns(scene, rng)
    return scene


def _sky(scene: Print, rng: Random) -> None:
    dx, dy = X - SUN_AT[0], Y - SUN_AT[1]
    far = np.hypot(dx, dy)
    rays = 0.10 * np.sin(14 * np.arctan2(dy, dx) + 0.8 * noise(rng, 200, 2))
    tone = np.clip(1.02 - (far - SUN_RADIUS) / 340 + rays, 0.05, 0.90)
    scene.tone(np.ones_like(X), tone, np.arctan2(dy, dx), 5.5)
    for x, y, wide, high in ((90, 60, 110, 15), (556, 70, 110, 15), (536, 142, 76, 9), (100, 128, 60, 8)):
        edge = np.hypot((X - x) / wide, (Y - y) / high) + 0.22 * noise(rng, 40, 3)
        lower = np.clip(0.5 - (Y - y) / (1.6 * high), 0, 1)
        scene.tone(
            soft((edge - 1) * high, 1.5), np.clip(0.12 + 0.62 * (1 - lower), 0, 1), 0.05 * noise(rng, 60, 2), 4.5
        )
    scene.spot.append(scene.tone(soft(far - SUN_RADIUS, 1.5), 0.97, 0.0, 5.0))
    for offset, half in ((72, 2.6), (86, 3.4)):
        band = np.abs(Y - SUN_AT[1] - offset - 2 * np.sin(X / 30)) - half
        scene.tone(soft(np.maximum(band, far - SUN_RADIUS - 1), 1.5), 0.02, 0.0)


def _hills(scene: Print, rng: Random) -> None:
    for level, amplitude, base in ((226, 18, 0.74), (256, 18, 0.56)):
        line = ridge(rng, level, amplitude, 120)
        slope = np.gradient(line)[None]
        lit = base - 0.9 * slope * np.sign(X - SUN_AT[0]) - (Y - line[None]) / 260 + 0.16 * noise(rng, 40, 2)
        lit = lit + 0.30 * np.exp(-(((X - 240) / 110) ** 2))
        down = np.arctan2(1.0, 1.3 * np.sign(X - SUN_AT[0]) + 1.4 * slope) + 0.25 * noise(rng, 60, 2)
        scene.tone(soft(line[None] - Y, 1.5), np.clip(lit, 0.08, 0.89), down, 4.6)
    mist = np.hypot((X - 196) / 84, (Y - 246) / 25) + 0.18 * noise(rng, 40, 2)
    scene.tone(soft((mist - 1) * 25, 1.5), 0.96, 0.0)


def _firs(scene: Print, rng: Random) -> None:
    for x, foot, high in (
        (28, 322, 150), (112, 318, 112), (146, 317, 70), (470, 318, 82), (508, 322, 128),
        (552, 318, 104), (604, 324, 168), (444, 314, 60),
    ):  # fmt: skip
        rise = np.clip((foot - Y) / high, 0, 1)
        tiers = np.mod((foot - Y) + 0.25 * np.abs(X - x), high / 7.5) / (high / 7.5)
        half = (1 - rise) * high * 0.24 * (1.25 - 0.55 * tiers) + 1.2 + 1.5 * noise(rng, 7, 2)
        mask = soft(np.abs(X - x) - half, 1.5) * (foot > Y) * (foot - high < Y)
        side = (X - x) * np.sign(SUN_AT[0] - x) / np.maximum(half, 1)
        light = np.clip(0.75 * (side + 0.05) + 0.45 * (0.5 - tiers), 0, 0.85)
        scene.tone(mask, light, np.pi / 2 - 0.75 * np.sign(X - x), 4.0)


def _river(scene: Print, rng: Random) -> None:
    top = 318 + 2 * np.sin(X / 50)
    glitter = np.exp(-(((X - SUN_AT[0]) / (70 + 0.5 * np.maximum(Y - 318, 0))) ** 2))
    ripple = 0.20 * np.sin(np.maximum(Y - 318, 0) ** 0.75 * 2.6 + 1.5 * noise(rng, 60, 2))
    tone = np.clip(0.30 + 0.62 * glitter + ripple, 0.06, 0.90)
    tone, flow = tone.astype(np.float32), 0.06 * noise(rng, 70, 2)
    scene.tone(soft(top - Y, 1.5), tone, flow, 4.6)
    reach = (34 + 0.30 * (Y - 318)) * np.clip(0.8 + 0.9 * np.sin(Y / 2.4 + noise(rng, 30, 2)), 0.1, 1.3)
    scene.spot.append(scene.tone(soft(np.maximum(np.abs(X - SUN_AT[0]) - reach, top + 3 - Y), 1.5), tone, flow, 4.6))


def _bank(scene: Print, rng: Random) -> None:
    crest = 418 + 26 * np.sin((X - 120) / 105) + 6 * noise(rng, 40, 3) + np.abs(X - 340) * 0.05
    crest = np.minimum(crest, 436)
    top = np.exp(-(np.maximum(Y - crest, 0) / 16))
    tone = np.clip(0.24 + 0.62 * top * (0.75 + 0.5 * noise(rng, 26, 3)) + 0.20 * noise(rng, 34, 2), 0.04, 0.88)
    blades = np.pi / 2 + 0.5 * noise(rng, 50, 2) + 0.004 * (X - 320)
    scene.tone(soft(crest - Y, 2), tone, blades, 4.4)


def _stag(scene: Print) -> None:
    model = modelled([within(_stag_form(), (325, 270, 0), 235)], (-0.30, -0.86, -0.42), 40)
    mask = (model.which == 0).astype(np.float32)
    nx, ny, nz = (model.normals[..., k] for k in range(3))
    rim = np.clip(1.15 - 1.25 * nz, 0, 1) * np.clip(0.55 - 0.75 * ny - 0.30 * nx, 0, 1)
    body = 0.06 + 0.22 * np.clip(0.3 - 0.6 * ny - 0.4 * nx, 0, 1)
    tone = np.clip(1.25 * rim + 1.2 * body, 0.0, 0.92) * (Y > 204)
    fur = np.where(X < 284, 1.05, 0.30) + np.where(Y > 352, 1.25, 0)
    around = np.arctan2(ny, nx) + np.pi / 2
    blend = np.clip(1.3 - 1.3 * nz, 0, 1)
    c, s = (f(2 * around) * blend + f(2 * fur) * (1 - blend) for f in (np.cos, np.sin))
    scene.tone(mask, tone, 0.5 * np.arctan2(s, c), 3.4)


def _stag_form() -> Form:
    trunk = fused(
        22,
        ellipsoid((306, 318, 0), (42, 44, 34)),
        limb((312, 316, 0), (402, 314, 0), 39, 33),
        ellipsoid((412, 316, 0), (38, 41, 34)),
        limb((296, 304, 0), (262, 236, 4), 34, 18),
        limb((280, 296, 6), (264, 262, 8), 26, 20),
    )
    head = fused(
        8,
        limb((260, 226, 6), (226, 242, 8), 17, 9.5),
        limb((226, 242, 8), (212, 249, 8), 9, 7.5),
        ellipsoid((284, 222, 10), (17, 6, 5)),
        limb((262, 216, -8), (276, 200, -14), 5, 2),
    )
    legs = [
        chain([(294, 342, 14), (288, 396, 14), (292, 444, 14), (286, 456, 16)], [17, 8.5, 6, 7], 6),
        chain([(320, 346, -14), (328, 394, -14), (318, 446, -14), (312, 456, -12)], [16, 8, 6, 7], 6),
        chain([(420, 332, 14), (412, 378, 14), (432, 408, 14), (424, 452, 14), (418, 460, 16)], [28, 14, 8, 6, 7], 8),
        chain(
            [(398, 336, -16), (386, 378, -16), (402, 406, -16), (396, 450, -16), (390, 458, -14)], [24, 12, 8, 6, 7], 8
        ),
    ]
    tail = limb((448, 300, 0), (456, 326, 0), 8, 4)
    return fused(7, fused(10, trunk, *legs, tail), head, *_antlers())


def _antlers() -> list[Form]:
    branches = [
        ([(268, 212, 14), (290, 178, 18), (296, 136, 20), (278, 84, 20)], [5, 5, 4, 1.6]),
        ([(276, 200, 15), (252, 184, 20), (240, 160, 22)], [4, 3.4, 1.4]),
        ([(293, 160, 18), (268, 138, 22), (260, 108, 22)], [4, 3.2, 1.4]),
        ([(296, 136, 20), (322, 112, 20), (328, 84, 20)], [4, 3.2, 1.4]),
        ([(256, 212, -2), (230, 182, -8), (214, 140, -10), (222, 88, -10)], [5, 5, 4, 1.6]),
        ([(238, 192, -6), (210, 184, -6), (190, 162, -6)], [4, 3.2, 1.4]),
        ([(220, 158, -9), (192, 138, -9), (180, 110, -9)], [4, 3.2, 1.4]),
        ([(216, 124, -10), (240, 108, -10), (250, 84, -10)], [3.6, 3, 1.4]),
    ]
    return [chain(points, radii, 3) for points, radii in branches]


def _trunks(scene: Print, rng: Random) -> None:
    for middle, half, way in (
        (64 + 10 * np.sin(Y / 70), 32 + np.clip(Y - 380, 0, 100) * 0.35, 1),
        (588 - 12 * np.sin(Y / 80 + 1), 38 + np.clip(Y - 370, 0, 110) * 0.40, -1),
    ):
        rough = 2.5 * noise(rng, 30, 3)
        across = (X - middle) / half
        lit = np.clip(0.20 + 0.80 * np.clip(way * across, 0, 1) ** 1.4 * (np.abs(across) < 1), 0, 0.86)
        lit = lit * np.clip(0.95 + 0.45 * noise(rng, 22, 3), 0.3, 1.2)
        bow = 0.55 * across + 0.35 * noise(rng, 40, 2)  # one trunk is cut across its form, the other along its bark
        bow = bow if way > 0 else np.pi / 2 + 0.16 * across + 0.4 * noise(rng, 60, 2)
        scene.tone(soft((np.abs(across) - 1) * half + rough, 2), np.clip(lit, 0.02, 0.88), bow, 4.8)
        for y, side, length in ((96, way, 120), (30, way, 150), (180, -way, 90)):
            along = (X - middle) * side
            sag = y - 0.42 * along + 0.0012 * along**2 + 4 * np.sin(along / 19)
            thick = np.clip(11 - along / length * 9, 1.4, 11)
            branch = soft(np.maximum(np.abs(Y - sag) - thick, np.maximum(half - 8 - along, along - length)), 1.5)
            scene.tone(branch, np.clip(0.4 + 0.6 * (Y - sag) / thick, 0.02, 0.85), np.arctan(-0.42 * side), 3.6)


def _ferns(scene: Print, rng: Random) -> None:
    for x, y, length, turn in (
        (120, 486, 120, -1.15), (150, 490, 110, -0.75), (106, 490, 110, -1.75), (500, 490, 120, -1.9),
        (520, 492, 130, -1.35), (470, 492, 90, -2.4), (210, 494, 70, -1.0), (438, 496, 64, -1.2),
    ):  # fmt: skip
        turn += 0.1 * rng.standard_normal()
        ahead = (X - x) * np.cos(turn) + (Y - y) * np.sin(turn)
        place = np.clip(ahead / length, 0, 1)
        across = -(X - x) * np.sin(turn) + (Y - y) * np.cos(turn) - 0.22 * length * place**2 * np.sign(np.cos(turn))
        half = 0.26 * length * (1 - place) ** 0.8 * np.clip(place * 7, 0, 1)
        fronds = np.mod(ahead - 0.9 * np.abs(across), 9.0) / 9.0
        blade = np.maximum(np.abs(across) - half, (np.abs(fronds - 0.42) - 0.31) * 9)
        stem = np.abs(across) - 1.2
        mask = soft(np.minimum(blade, stem), 1.5) * (ahead > 0) * (ahead < length)
        scene.tone(mask, np.clip(0.92 - 0.15 * place, 0, 0.92), turn + 0.8 * np.sign(across), 3.4)
