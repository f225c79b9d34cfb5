"""Overlays that are computed or read for display: new content, motion, and mattes of every kind."""

import cv2
import numpy as np
import pytest

pytest.importorskip("starlette")

from propagate import flow_codec
from propagate.flow import Step
from stylize.media.images import write_image
from stylize.review.frame_pictures import Asked, frame_picture
from stylize.review.new_content import NewContent, keys_around
from stylize.review.overlays import NEW, motion_picture, new_picture
from stylize.review.prepare import prepare_project
from stylize.review.shown_matte import shown_matte
from stylize.review.shown_project import show_project
from tests.sliding import folder_of
from tests.synthetic import texture

WIDTH, HEIGHT = 96, 54


def plates_with_a_patch(first):
    """Frames of a still scene, with a patch of another texture on the right from one of them on."""
    scene, patch = texture(1, (WIDTH, HEIGHT)), texture(9, (WIDTH, HEIGHT))
    pictures = []
    for frame in range(1, 7):
        picture = scene.copy()
        if frame >= first:
            picture[:, 64:] = patch[:, 64:]
        pictures.append(np.ascontiguousarray(picture))
    return pictures


def test_keys_around_a_frame_are_those_of_its_shot_without_itself():
    frames = range(10, 30)
    assert keys_around(frames, [5, 12, 20, 25, 40], 22) == [20, 25]
    assert keys_around(frames, [5, 12, 20, 25, 40], 20) == [12, 25]
    assert keys_around(frames, [5, 12, 40], 28) == [12]
    assert keys_around(frames, [5, 40], 28) == []


@pytest.mark.slow
def test_new_content_is_what_no_key_shows():
    pictures = plates_with_a_patch(4)
    read = []

    def plate(frame):
        read.append(frame)
        return pictures[frame - 1]

    content, frames = NewContent(), range(1, 7)
    found = content.map("a", frames, [1], 5, plate)
    width = found.shape[1]
    assert found[:, int(width * 0.75) :].mean() > 0.7
    assert found[:, : int(width * 0.5)].mean() < 0.1
    assert content.map("a", frames, [1], 3, plate).mean() < 0.05
    count = len(read)
    assert content.map("a", frames, [1, 6], 5, plate)[:, int(width * 0.75) :].mean() < 0.1
    content.map("a", frames, [1], 2, plate)
    assert len(read) == count + 2, "the passage from the first key is kept"


def test_new_content_glows_and_the_rest_is_transparent():
    found = new_picture(np.array([[0, 1]], np.float32), (40, 20))
    assert found.shape == (20, 40, 4)
    assert (found[:, 0, 3].max(), found[:, -1, 3].min()) == (0, 255)
    assert tuple(found[0, 0, :3]) == NEW


def test_arrows_point_where_pixels_have_moved():
    flow = np.zeros((27, 48, 2), np.float32)
    flow[..., 0] = -0.03  # from the left: everything has moved to the right
    found = motion_picture(flow, (1040, 585))
    white = (found[..., :3] == 255).all(axis=2)
    assert white.any()
    cell = 1040 // 26
    # The tip of an arrow is wider than its tail, and is at the place of the pixel, in the middle of a cell.
    columns = white[: 12 * cell, cell * 4 : cell * 24].reshape(12 * cell, 20, cell).sum(axis=(0, 1))
    tip, behind = columns[cell // 2 - 12 : cell // 2 + 1].sum(), columns[cell // 2 + 1 : cell // 2 + 13].sum()
    assert tip > 1.2 * behind
    still = motion_picture(np.zeros_like(flow), (1040, 585))
    assert not (still[..., :3] == 255).all(axis=2).any()
    assert still[..., 3].max() < 100


@pytest.fixture
def project(tmp_path):
    root = prepare_project(folder_of(tmp_path / "shot", plates_with_a_patch(9)), {}, lambda event: None)
    return show_project(root, print)


def decode(picture):
    return cv2.cvtColor(
        cv2.imdecode(np.frombuffer(picture.make(), np.uint8), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA
    )


def made(project, kind, frame):
    return frame_picture(project, project.part(""), Asked(kind, frame, WIDTH, "image/png"))


@pytest.mark.slow
def test_motion_is_that_of_the_last_run_if_there_is_one(project):
    assert made(project, "motion", 1) is None
    before = made(project, "motion", 3)
    assert decode(before)[..., 3].max() < 100, "nothing moves"
    flow = np.full((HEIGHT, WIDTH, 2), -4, np.float32)
    step = flow_codec.pack(Step(flow, np.ones((HEIGHT, WIDTH), bool)))
    (project.root / "flow").mkdir(exist_ok=True)
    file = project.root / "flow" / f"{project.shot.name}.0002-0003.flow"
    file.write_bytes(b"0" * 49 + step + step)
    after = made(project, "motion", 3)
    assert after.cache_key != before.cache_key
    assert decode(after)[..., 3].min() == 255
    file.write_bytes(b"damaged")
    assert decode(made(project, "motion", 3))[..., 3].max() < 100


@pytest.mark.slow
def test_new_content_follows_the_keys_of_the_project(tmp_path):
    root = prepare_project(folder_of(tmp_path / "shot", plates_with_a_patch(4)), {}, lambda event: None)
    project = show_project(root, print)
    assert made(project, "new", 5) is None
    write_image(root / "keys" / "plate.0001.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    first = made(project, "new", 5)
    assert decode(first)[:, 80:, 3].mean() > 150
    assert decode(first)[:, :40, 3].mean() < 30
    assert made(project, "new", 1) is None, "there is no other key"
    write_image(root / "keys" / "plate.0006.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    second = made(project, "new", 5)
    assert second.cache_key != first.cache_key
    assert decode(second)[:, 80:, 3].mean() < 30


def test_matte_from_alpha_is_shown(tmp_path):
    import stylize

    pictures = [np.dstack([picture, np.full((HEIGHT, WIDTH), 255, np.uint8)]) for picture in plates_with_a_patch(9)]
    pictures[1][:, :48, 3] = 0
    root = prepare_project(folder_of(tmp_path / "shot", pictures), {}, lambda event: None)
    stylize.configure(root, matte="alpha")
    project = show_project(root, print)
    matte = shown_matte(project, project.part(""), 2).read()
    assert (matte[:, :48].max(), matte[:, 48:].min()) == (0, 1)
    veil = decode(made(project, "matte", 2))
    assert (veil[:, :48, 3].min(), veil[:, 48:, 3].max()) == (255, 0)
    assert shown_matte(project, project.part(""), 1).read().min() == 1


@pytest.mark.slow
def test_matte_from_cryptomatte_is_shown(tmp_path):
    import stylize
    from tests.matting.test_crypto_mattes import single_part

    single_part(tmp_path / "shot" / "p.0001.exr")
    root = prepare_project(tmp_path / "shot", {}, lambda event: None)
    stylize.configure(root, matte="crypto:hero")
    project = show_project(root, print)
    found = shown_matte(project, project.part(""), 1)
    stylize.configure(root, matte="crypto:set, left")
    other = show_project(root, print)
    assert found.names != shown_matte(other, other.part(""), 1).names
    assert not np.array_equal(found.read(), shown_matte(other, other.part(""), 1).read())
    assert 0 < found.read().mean() < 1
    stylize.configure(root, matte="crypto:nobody")
    none = show_project(root, print)
    assert shown_matte(none, none.part(""), 1) is None
