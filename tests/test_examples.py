"""The examples: footage with its credit, and reference pictures that hold what a painter after them needs."""

import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from stylize.media.images import read_image, to_float
from stylize.media.shot import open_shot

EXAMPLES = Path(__file__).parents[1] / "examples"
REFERENCES = ("oil", "ink", "watercolour")


@pytest.fixture(params=REFERENCES)
def lab(request):
    picture = to_float(read_image(EXAMPLES / f"{request.param}.png"))
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)


def test_the_film_is_credited_as_its_licence_asks():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for words in ("(c) copyright 2008, Blender Foundation", "www.bigbuckbunny.org", "CC BY 3.0", "Changes:"):
        assert words in text


def test_every_file_of_the_examples_is_explained():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in ("bunny.mp4", *(f"{name}.png" for name in REFERENCES)))


def test_the_shot_has_48_frames_at_25_a_second_and_sound():
    shot = open_shot(EXAMPLES / "bunny.mp4")
    assert shot.frames == tuple(range(1, 49))
    assert (shot.size, shot.rate, shot.audio, shot.variable, shot.warnings) == ((640, 360), 25, True, False, ())


@pytest.mark.parametrize("name", ["bunny.mp4", *(f"{name}.png" for name in REFERENCES)])
def test_examples_are_small(name):
    assert (EXAMPLES / name).stat().st_size < 1.2e6


def test_references_reach_from_dark_to_light(lab):
    dark, light = np.quantile(lab[..., 0], [0.02, 0.98])
    assert dark < 25
    assert light > 80


def test_references_have_edges_in_all_directions(lab):
    grey = cv2.GaussianBlur(lab[..., 0], (0, 0), 1)
    across, down = (cv2.Scharr(grey, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    angle, strength = np.arctan2(down, across) % np.pi, np.hypot(across, down)
    shares, _ = np.histogram(angle, 8, (0, np.pi), weights=strength)
    assert (shares / shares.sum()).min() > 0.05


def test_references_have_warm_cool_and_green(lab):
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    coloured = chroma > 6
    for low, high in ((20, 100), (100, 170), (200, 320)):  # red to yellow, green, blue to violet
        assert np.mean(coloured & (hue >= low) & (hue < high)) > 0.02


def test_the_script_paints_the_picture_that_lies_beside_it(tmp_path):
    for name in ("paint_references.py", "painting"):
        (shutil.copytree if (EXAMPLES / name).is_dir() else shutil.copy)(EXAMPLES / name, tmp_path / name)
    subprocess.run([sys.executable, str(tmp_path / "paint_references.py"), "ink"], check=True, timeout=300)
    ours, theirs = (cv2.imread(str(folder / "ink.png")) for folder in (tmp_path, EXAMPLES))
    # Which stroke comes first may hang on a last bit, and that differs between processors: compare what the eye
    # sees from afar, blocks of 16 pixels, not the strokes.
    blocks = [cv2.resize(picture, (40, 30), interpolation=cv2.INTER_AREA).astype(float) for picture in (ours, theirs)]
    assert np.abs(blocks[0] - blocks[1]).mean() < 3
