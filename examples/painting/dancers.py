"""The scene of the pastel: two dancers in a hall at dusk, lamplight from the left, a tall window on the right."""

from collections.abc import Sequence

import cv2
import numpy as np

from painting.head import FACE_BOUND, HAIR_BOUND, face, hair
from painting.scene import Array, Colour, Random, Scene, X, Y, noise, polygon, ramp, ridge, soft
from painting.sculpture import Form, Modelled, Point, chain, ellipsoid, fused, limb, local, modelled, placed, rotation
from painting.sculpture import within as bounded

LAMP: Point = (-0.72, -0.12, 0.62)
WARM, COOL = np.array([1.08, 0.90, 0.66], np.float32), np.array([0.34, 0.40, 0.66], np.float32)
SKIN: Colour = (0.97, 0.70, 0.55)
DARK: Colour = (0.30, 0.16, 0.12)
ROSE: Colour = (0.98, 0.80, 0.80)
BODICE: Colour = (0.92, 0.46, 0.50)
SEA: Colour = (0.60, 0.86, 0.86)
JADE: Colour = (0.22, 0.56, 0.60)
SHOE: Colour = (0.98, 0.72, 0.66)
HEAD_TURN = rotation(-0.42, 0.14, 0.10)
FRONT, BACK = ((-52.0, 0.0), 1.0), ((216.0, 78.0), 0.80)  # where each dancer stands, and the size


def dancers() -> Scene:
    """Composes it."""
    rng = np.random.Generator(np.random.PCG64(71))
    scene = Scene()
    _wall(scene, rng)
    _window(scene, rng)
    _floor(scene, rng)
    for stand, arms, legs, cloth, bodice in (
        (BACK, BACK_ARMS, BACK_LEGS, SEA, JADE),
        (FRONT, FRONT_ARMS, FRONT_LEGS, ROSE, BODICE),
    ):
        _dancer(scene, stand, arms, legs, cloth, bodice)
    return scene


FRONT_ARMS: Sequence[Sequence[Point]] = (
    ((264, 166, 0), (226, 116, 26), (250, 62, 40), (284, 42, 42)),
    ((338, 166, 0), (386, 190, 24), (440, 176, 44), (466, 166, 48)),
)
FRONT_LEGS: Sequence[Sequence[Point]] = (
    ((286, 262, 4), (258, 338, 18), (222, 414, 22), (204, 444, 26)),
    ((314, 262, 4), (320, 342, 8), (316, 424, -4), (312, 452, 14)),
)
BACK_ARMS: Sequence[Sequence[Point]] = (
    ((264, 166, 0), (238, 216, 6), (262, 246, 30), (276, 250, 34)),
    ((338, 166, 0), (362, 216, 6), (338, 248, 30), (324, 252, 34)),
)
BACK_LEGS: Sequence[Sequence[Point]] = (
    ((288, 262, 4), (282, 342, 8), (288, 424, 0), (280, 450, 16)),
    ((312, 262, 4), (322, 342, 8), (312, 424, 0), (326, 450, 16)),
)


def _body(arms: Sequence[Sequence[Point]], legs: Sequence[Sequence[Point]]) -> list[Form]:
    """Skin, head, hair, bodice, skirt and shoes, as the front dancer's size and place have them."""
    limbs = fused(
        7,
        limb((300, 136, -4), (301, 168, -6), 11, 13),
        limb((274, 166, -4), (328, 166, -4), 13, 13),
        ellipsoid((301, 178, 0), (33, 22, 20)),
        *(chain(arm, (11, 8.5, 6, 4.2), 5) for arm in arms),
        *(chain(leg, (23, 14, 8, 6), 6) for leg in legs),
    )
    calves = [
        ellipsoid(tuple(0.62 * a + 0.38 * b for a, b in zip(leg[1], leg[2], strict=True)), (12, 24, 13)) for leg in legs
    ]
    top = fused(14, ellipsoid((301, 192, 4), (33, 26, 25)), limb((301, 204, 2), (301, 246, 0), 25, 28))
    shoes = [
        fused(4, limb(leg[2], leg[3], 8, 5), limb(leg[3], (leg[3][0], leg[3][1] + 4, leg[3][2]), 5, 3)) for leg in legs
    ]
    return [
        bounded(fused(5, limbs, *calves), (310, 250, 0), 250),
        placed(face(), (300, 112, 4), 26, HEAD_TURN, FACE_BOUND),
        placed(hair, (300, 112, 4), 26, HEAD_TURN, HAIR_BOUND),
        top,
        _skirt,
        fused(1, *shoes),
    ]


def _skirt(points: Array) -> Array:
    """Layers of gauze that stand out from the hips and droop at the rim."""
    dx, dz = points[:, 0] - 301, points[:, 2] * 1.15
    far, about = np.hypot(dx, dz), np.arctan2(dz, dx)
    frill = np.sin(17 * about + 0.6 * np.sin(5 * about)) * np.clip(far / 100, 0, 1) ** 1.5
    rim = 104 + 6 * np.sin(9 * about + 1)
    middle = 248 + 14 * (far / 100) ** 2 + 5.0 * frill - 0.10 * points[:, 2]
    thick = 6 + 17 * np.clip(far / 100, 0, 1)
    return (np.maximum(np.abs(points[:, 1] - middle) - thick, far - rim) * np.float32(0.6)).astype(np.float32)


def _dancer(
    scene: Scene,
    stand: tuple[tuple[float, float], float],
    arms: Sequence[Sequence[Point]],
    legs: Sequence[Sequence[Point]],
    cloth: Colour,
    bodice: Colour,
) -> None:
    (right, down), size = stand
    forms = [_scaled(form, right, down, size) for form in _body(arms, legs)]
    model = modelled(forms, LAMP, 60 * size)
    albedo = (SKIN, SKIN, DARK, bodice, cloth, SHOE)
    key = np.clip(model.facing * 1.1, 0, 1) * (0.25 + 0.75 * model.shadow)
    fill = model.creases * np.clip(0.62 + 0.45 * model.normals[..., 0] - 0.20 * model.normals[..., 1], 0.1, 1.2)
    light = key[..., None] * WARM + fill[..., None] * COOL
    floor_y = 455 * size + down
    shadow = np.hypot((X - (330 * size + right)) / (150 * size), (Y - floor_y) / (20 * size))
    scene.shade(np.clip(1.2 - shadow, 0, 1) * (Y > 392), (0.12, 0.08, 0.20), 0.75)
    for number, base in enumerate(albedo):
        own = np.asarray(base, np.float32) * np.ones_like(light)
        if number == 1:
            own = _face(own, model, right, down, size)
        if number == 4:
            own = (
                own * (0.86 + 0.14 * np.sin(np.arctan2(Y - 250 * size - down, X - 301 * size - right) * 44))[..., None]
            )
        mask = cv2.GaussianBlur((model.which == number).astype(np.float32), (0, 0), 0.7)
        scene.composite(mask, np.clip(own * light * 1.06, 0, 1), _hand(model, number, right, down, size), 0.9)


def _scaled(form: Form, right: float, down: float, size: float) -> Form:
    offset = np.array([right, down, 0], np.float32)
    return lambda points: form((points - offset) / np.float32(size)) * np.float32(size)


def _face(colour: Array, model: Modelled, right: float, down: float, size: float) -> Array:
    """Cheeks, lips, brows and lashes."""
    points = (model.points - np.array([right, down, 0], np.float32)) / np.float32(size)
    own = local(points, (300, 112, 4), 26, HEAD_TURN)
    side, up, front = np.abs(own[..., 0]), own[..., 1], own[..., 2]
    skin = front > 0.1
    for x, y, wide, high, by in (
        (0.34, -0.22, 0.18, 0.14, (1.0, 0.70, 0.66)),
        (0.0, -0.51, 0.17, 0.09, (0.86, 0.36, 0.40)),
        (0.235, -0.05, 0.16, 0.05, (0.34, 0.20, 0.22)),
        (0.26, 0.19, 0.18, 0.05, (0.42, 0.26, 0.24)),
        (0.05, -0.34, 0.07, 0.04, (0.60, 0.34, 0.32)),
    ):
        strength = np.exp(-(((side - x) / wide) ** 2) - ((up - y) / high) ** 2) * skin
        colour = colour * (1 - strength[..., None] * (1 - np.asarray(by, np.float32)))
    return colour


def _hand(model: Modelled, number: int, right: float, down: float, size: float) -> Array:
    if number == 4:
        return np.arctan2((Y - 238 * size - down) * 1.2, X - 301 * size - right).astype(np.float32)
    nx, ny = (cv2.GaussianBlur(model.normals[..., k], (0, 0), 2.0) for k in (0, 1))
    return (np.arctan2(ny, nx) + np.pi / 2).astype(np.float32)


def _wall(scene: Scene, rng: Random) -> None:
    glow = np.exp(-((np.hypot((X - 70) / 250, (Y - 130) / 240)) ** 2))
    tone = np.clip(0.84 * glow + 0.10 * noise(rng, 70, 3), 0, 1)
    stops = [
        (0.0, (0.16, 0.17, 0.34)), (0.25, (0.28, 0.27, 0.46)), (0.5, (0.56, 0.38, 0.44)), (0.75, (0.84, 0.56, 0.36)),
        (1.0, (0.99, 0.84, 0.52)),
    ]  # fmt: skip
    scene.composite(np.ones_like(X), ramp(tone, stops), -0.9 + 0.5 * noise(rng, 120, 2), 0.1)
    rail = soft(np.abs(Y - 300 + 0.02 * X) - 3.5, 1.5)
    scene.composite(rail, ramp(tone, [(0, (0.30, 0.20, 0.26)), (1, (0.98, 0.76, 0.46))]), -0.02, 0.6)
    bulb = np.hypot(X - 58, Y - 112)
    scene.shade(np.clip(1 - bulb / 90, 0, 1).astype(np.float32) ** 2, (1.0, 0.88, 0.56), 0.55)
    scene.composite(soft(np.abs(X - 58) + 0 * Y - 2.2, 1.5) * (Y > 120) * (Y < 392), (0.22, 0.13, 0.16), np.pi / 2, 0.8)
    shade = polygon((34, 126), (82, 126), (68, 80), (48, 80))
    scene.composite(
        shade,
        ramp(
            np.clip((Y - 82) / 40, 0, 1), [(0, (0.80, 0.26, 0.16)), (0.5, (0.98, 0.56, 0.24)), (1, (1.0, 0.96, 0.74))]
        ),
        1.5,
        0.8,
    )


def _window(scene: Scene, rng: Random) -> None:
    pane = polygon((472, 26), (628, 10), (628, 330), (472, 318))
    sky = ramp(
        np.clip(Y / 300 + 0.05 * noise(rng, 80, 3), 0, 1),
        [
            (0.0, (0.16, 0.22, 0.52)), (0.3, (0.34, 0.42, 0.74)), (0.55, (0.72, 0.54, 0.72)),
            (0.75, (0.97, 0.62, 0.46)), (0.92, (1.0, 0.84, 0.48)),
        ],
    )  # fmt: skip
    scene.composite(pane, sky, 0.08 + 0.3 * noise(rng, 60, 2), 0.3)
    for x, y, wide, high, tint in (
        (520, 150, 50, 8, (0.95, 0.58, 0.56)), (590, 190, 60, 9, (1.0, 0.72, 0.50)),
        (560, 90, 60, 8, (0.52, 0.44, 0.70)),
    ):  # fmt: skip
        cloud = np.clip(1.4 - 1.4 * np.hypot((X - x) / wide, (Y - y) / high) + 0.4 * noise(rng, 24, 3), 0, 1)
        scene.composite(cloud * pane, tint, 0.05, 0.3)
    for level, tint in ((246, (0.42, 0.36, 0.58)), (266, (0.20, 0.42, 0.34)), (288, (0.30, 0.54, 0.22))):
        scene.composite(soft(ridge(rng, level, 9, 60)[None] - Y, 2) * pane, tint, 0.3, 0.4)
    frame = (0.20, 0.14, 0.24)
    for corners in (
        ((462, 20), (474, 19), (474, 330), (462, 330)), ((546, 16), (554, 15), (554, 326), (546, 326)),
        ((462, 318), (640, 330), (640, 344), (462, 330)), ((470, 120), (630, 112), (630, 119), (470, 126)),
        ((470, 222), (630, 220), (630, 227), (470, 228)),
    ):  # fmt: skip
        scene.composite(polygon(*corners), frame, np.pi / 2 if corners[0][0] + 20 > corners[1][0] else 0.0, 0.9)
    fall = polygon((588, 0), (640, 0), (640, 400), (612, 400), (598, 200))
    folds = np.clip(0.45 + 0.45 * np.sin((X + 0.06 * Y) / 4.2), 0, 1)
    scene.composite(
        fall, ramp(folds, [(0, (0.20, 0.10, 0.24)), (0.5, (0.50, 0.18, 0.32)), (1, (0.86, 0.42, 0.42))]), 1.5, 0.6
    )


def _floor(scene: Scene, rng: Random) -> None:
    top = 388 - 0.01 * X
    near = np.clip((Y - 388) / 92, 0, 1)
    lit = np.exp(-((np.hypot((X - 130) / 260, (Y - 420) / 90)) ** 2)) + 0.08 * noise(rng, 50, 3)
    window = 0.75 * np.exp(-(((X - 500 - 0.6 * (Y - 390)) / 62) ** 2))
    boards = ramp(
        np.clip(lit, 0, 1),
        [(0, (0.22, 0.17, 0.32)), (0.35, (0.42, 0.26, 0.32)), (0.7, (0.74, 0.46, 0.30)), (1, (0.96, 0.74, 0.44))],
    )
    boards = boards * (1 - window[..., None]) + np.array([0.74, 0.52, 0.60], np.float32) * window[..., None]
    seam = np.abs(np.mod((X - 320) / (1 + 1.6 * near) + 400, 46) - 23) < 0.8
    boards = boards * (1 - 0.35 * seam[..., None])
    scene.composite(soft(top - Y, 2), boards, 0.04 + 0.1 * noise(rng, 90, 2), 0.2)
