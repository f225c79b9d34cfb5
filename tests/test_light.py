"""Whole runs of shots whose light changes: the result follows the light of the plates."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import stylize
from propagate.arrays import Bytes
from tests.lit import lightness, lit
from tests.synthetic import texture

SIZE, COUNT = (128, 72), 16
WORLD = texture(1, (SIZE[0] + 2 * COUNT, SIZE[1]), colour=(150, 110, 90))
PLATES = [np.ascontiguousarray(WORLD[:, 2 * t : 2 * t + SIZE[0]]) for t in range(COUNT)]


def write(folder: Path, pictures: dict[int, Bytes]) -> Path:
    folder.mkdir()
    for frame, picture in pictures.items():
        cv2.imwrite(str(folder / f"p.{frame:04d}.png"), picture[..., ::-1])
    return folder


def run(folder: Path, plates: list[Bytes], **asked: object) -> tuple[list[Bytes], list[str]]:
    """Results and messages of a run; the look is a texture's."""
    folder.mkdir()
    shot, messages = write(folder / "shot", dict(enumerate(plates))), list[str]()
    cv2.imwrite(str(folder / "style.png"), texture(3, (160, 120), colour=(90, 140, 200)))
    if "keys" not in asked:
        asked["style"] = folder / "style.png"
    result = stylize.run(shot, project=folder / "project", output=folder / "out", on_message=messages.append, **asked)  # type: ignore[call-overload]
    return [cv2.imread(str(result.frames[frame]))[..., ::-1] for frame in range(len(plates))], messages


def relit(gains: list[float]) -> list[Bytes]:
    return [lit(plate, gain) for plate, gain in zip(PLATES, gains, strict=True)]


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> list[Bytes]:
    return run(tmp_path_factory.mktemp("steady") / "run", PLATES)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "gains",
    [
        [min(1, t / 8) for t in range(COUNT)],
        [min(1, (COUNT - 1 - t) / 8) for t in range(COUNT)],
        [2.5 if t in (7, 8) else 1 for t in range(COUNT)],
        [1 if t == 0 else 1 + 0.2 * (-1) ** t for t in range(COUNT)],
    ],
    ids=["from black", "to black", "flash", "lamp"],
)
def test_the_result_follows_the_light(tmp_path: Path, steady: list[Bytes], gains: list[float]) -> None:
    made, _ = run(tmp_path / "run", relit(gains))
    apart = [
        abs(lightness(one).mean() - lightness(lit(truth, gain)).mean())
        for one, truth, gain in zip(made, steady, gains, strict=True)
    ]
    assert max(apart) < 2


@pytest.mark.slow
def test_black_frames_are_black_and_all_others_are_as_without(tmp_path: Path, steady: list[Bytes]) -> None:
    gains = [0.0 if t in (0, 9) else 1.0 for t in range(COUNT)]
    plates = relit(gains)
    draw = np.random.default_rng(1)
    plates[9] = np.clip(draw.normal(0, 2, plates[9].shape), 0, 255).astype(np.uint8)
    made, messages = run(tmp_path / "run", plates)
    assert "frames 0, 9: the plates are black, and so is the result" in messages
    for frame in range(COUNT):
        if gains[frame]:
            assert abs(lightness(made[frame]).mean() - lightness(steady[frame]).mean()) < 1
        else:
            assert made[frame].max() == 0


@pytest.mark.slow
def test_a_drawing_that_is_held_is_black_where_the_plate_is(tmp_path: Path) -> None:
    made, _ = run(tmp_path / "run", relit([float(t != 5) for t in range(COUNT)]), on="twos")
    assert made[4].max() > 100
    assert made[5].max() == 0


@pytest.mark.slow
def test_keys_in_different_light_agree(tmp_path: Path) -> None:
    gains = [0.5 ** (t / (COUNT - 1)) for t in range(COUNT)]
    truth, _ = run(tmp_path / "steady", PLATES, keyframes=(0, COUNT - 1))
    made, _ = run(tmp_path / "run", relit(gains), keyframes=(0, COUNT - 1))
    for frame, gain in enumerate(gains):
        expected = lightness(lit(truth[frame], gain)).mean()
        assert abs(lightness(made[frame]).mean() - expected) < 2


@pytest.mark.slow
def test_a_black_shot_stays_black(tmp_path: Path) -> None:
    made, messages = run(tmp_path / "run", [np.zeros_like(PLATES[0])] * 5)
    assert max(frame.max() for frame in made) == 0
    assert any("keyframe 0 is black, as its plate is" in message for message in messages)


@pytest.mark.slow
def test_outside_of_the_matte_the_plate_is_bit_identical(tmp_path: Path) -> None:
    gains = [min(1, t / 8) for t in range(COUNT)]
    matte = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    matte[20:50, 30:90] = 255
    mattes = write(tmp_path / "mattes", dict.fromkeys(range(COUNT), matte))
    plates = relit(gains)
    draw = np.random.default_rng(1)
    plates[0] = draw.integers(0, 4, plates[0].shape).astype(np.uint8)
    made, _ = run(tmp_path / "run", plates, matte=mattes)
    for plate, picture in zip(plates, made, strict=True):
        np.testing.assert_array_equal(picture[matte == 0], plate[matte == 0])
    assert made[0][matte > 0].max() == 0


@pytest.mark.slow
def test_a_painted_key_on_a_black_plate_stays(tmp_path: Path) -> None:
    painted = texture(4, SIZE)
    keys = write(tmp_path / "keys", {0: painted, 8: PLATES[8]})
    plates = [np.zeros_like(PLATES[0]), *PLATES[1:]]
    made, _ = run(tmp_path / "run", plates, keys=keys)
    np.testing.assert_array_equal(made[0], painted)


@pytest.mark.slow
def test_the_bits_do_not_depend_on_the_threads(tmp_path: Path) -> None:
    plates = relit([min(1, t / 8) for t in range(COUNT)])
    one, two = (run(tmp_path / f"run{threads}", plates, threads=threads)[0] for threads in (1, 2))
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)
