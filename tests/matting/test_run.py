"""Mattes in a whole run: the plate outside of them is bit-identical, and the extremes of their range work."""

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stylize
from masks.grow import grow as grown
from stylize.errors import MatteError
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.context.test_mattes import write_exr
from tests.sliding import SIZE, folder_of, scene, shot_of, to_16_bits

FRAMES = 4


def make_shot(folder, kind, deep, alpha):
    """A shot of FRAMES frames numbered from 1, and its frames as decoded."""
    pictures = scene(FRAMES)
    if alpha:
        veil = np.random.default_rng(5).integers(0, 256, (*SIZE[::-1], 1), np.uint8)
        pictures = [np.dstack([one, veil]) for one in pictures]
    path = shot_of(folder, kind, to_16_bits(pictures) if deep else pictures)
    return path, dict(read_frames(open_shot(path)))


def keys_for(folder, plates):
    for number in (1, FRAMES):
        shade = plates[number][..., :3] >> (plates[number].itemsize * 8 - 8)
        write_image(folder / "keys" / f"{number}.png", 255 - shade.astype(np.uint8))
    return folder / "keys"


@st.composite
def mattes(draw):
    """One matte per frame: blocks of 0, 1 and random values, uint8 or uint16 (H, W)."""
    deep, seed = draw(st.booleans()), draw(st.integers(0, 999))
    rng = np.random.default_rng(seed)
    most = 65535 if deep else 255
    found = []
    for _ in range(FRAMES):
        small = rng.choice([0, 0, 0, 1, most // 2, most - 1, most], (6, 8))
        found.append(np.kron(small, np.ones((6, 8))).astype(np.uint16 if deep else np.uint8))
    return found


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(["sequence", "movie"]), deep=st.booleans(), alpha=st.booleans(), matte=mattes(),
    invert=st.booleans(), grow=st.integers(-3, 3), feather=st.integers(0, 5),
)  # fmt: skip
def test_plate_outside_the_matte_is_bit_identical(tmp_path_factory, kind, deep, alpha, matte, invert, grow, feather):
    folder = tmp_path_factory.mktemp("shot")
    (folder / "keys").mkdir()
    path, plates = make_shot(folder, kind, deep, alpha and kind == "sequence")
    masks = folder_of(folder / "mattes", matte)
    asked = {"matte_grow": max(grow, 0), "matte_shrink": max(-grow, 0), "matte_feather": feather}
    made = stylize.run(
        path, keys=keys_for(folder, plates), matte=masks, matte_invert=invert, to_stage="propagate", **asked
    )
    for number, file in made.frames.items():
        seen = matte[number - 1] == np.iinfo(matte[0].dtype).max if invert else matte[number - 1] == 0
        outside = ~_near(~seen, grow, feather)
        found = read_image(file)
        assert found.dtype == plates[number].dtype
        np.testing.assert_array_equal(found[outside], plates[number][outside])


def _near(inside, grow, feather):
    """Mask of pixels whose matte may be above 0: bool (H, W)."""
    square = np.ones((2 * (feather // 2) + 1,) * 2, np.uint8)
    return cv2.dilate(grown(inside.astype(np.float32), grow), square) > 0


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(FRAMES))


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys").mkdir()
    return keys_for(tmp_path, dict(enumerate(scene(FRAMES), 1)))


def flat(folder, value, first=1, count=FRAMES):
    return folder_of(folder, [np.full(SIZE[::-1], value, np.uint8)] * count, first)


@pytest.mark.slow
def test_empty_matte_returns_the_plate_with_a_note(plates, keys, tmp_path):
    messages = []
    result = stylize.run(plates, keys=keys, matte=flat(tmp_path / "black", 0), on_message=messages.append)
    assert any("nothing to stylise" in text for text in messages)
    assert [shot.keyframes for shot in result.shots] == [()]
    for number, file in result.frames.items():
        np.testing.assert_array_equal(read_image(file), scene(FRAMES)[number - 1])
    again = stylize.run(plates, keys=keys, matte=tmp_path / "black")
    assert again.redone == ()
    assert again.notes == ()


@pytest.mark.slow
def test_full_matte_gives_the_same_bits_as_no_matte(plates, keys, tmp_path):
    bare = stylize.run(plates, keys=keys, project=tmp_path / "a")
    full = stylize.run(plates, keys=keys, project=tmp_path / "b", matte=flat(tmp_path / "white", 255))
    inverted = stylize.run(plates, keys=keys, project=tmp_path / "c", matte=flat(tmp_path / "k", 0), matte_invert=True)
    for number, file in bare.frames.items():
        assert file.read_bytes() == full.frames[number].read_bytes() == inverted.frames[number].read_bytes()


@pytest.mark.slow
def test_alpha_of_the_shot_can_be_the_matte(tmp_path, keys):
    veil = np.zeros((*SIZE[::-1], 1), np.uint8)
    veil[10:20, 20:40] = 255
    cut = folder_of(tmp_path / "cut", [np.dstack([one, veil]) for one in scene(FRAMES)])
    for number, file in stylize.run(cut, keys=keys, matte="alpha").frames.items():
        changed = (read_image(file)[..., :3] != scene(FRAMES)[number - 1]).any(axis=2)
        assert changed[veil[..., 0] > 0].mean() > 0.9
        assert not changed[veil[..., 0] == 0].any()


def test_matte_alpha_needs_a_shot_with_alpha(plates, keys):
    with pytest.raises(MatteError, match="no alpha"):
        stylize.run(plates, keys=keys, matte="alpha")


def test_faulty_matte_is_refused_before_any_key_is_rendered(plates, tmp_path, monkeypatch):
    write_image(tmp_path / "ref.png", scene(1)[0])
    (tmp_path / "exr").mkdir()
    for number in range(1, FRAMES + 1):
        values = np.full((*SIZE[::-1], 1), 0.5, np.float32)
        values[3, 3] = np.nan if number == 3 else 1
        write_exr(tmp_path / "exr" / f"m.{number}.exr", values, ("Y",))
    monkeypatch.setattr("stylize.keys.rendering.render_keys", lambda *_: pytest.fail("painted a key"))
    with pytest.raises(MatteError, match=r"^matte .*m\.3\.exr: .*NaN"):
        stylize.run(plates, style=tmp_path / "ref.png", matte=tmp_path / "exr")
    holes = flat(tmp_path / "holes", 255)
    (holes / "plate.0002.png").unlink()
    with pytest.raises(MatteError, match="missing 2; add"):
        stylize.run(plates, style=tmp_path / "ref.png", matte=holes)


@pytest.mark.slow
def test_changed_feather_regenerates_frames_but_no_key(plates, keys, tmp_path):
    half = np.zeros(SIZE[::-1], np.uint8)
    half[:, :30] = 255
    write_image(tmp_path / "half.png", half)
    stylize.run(plates, keys=keys, matte=tmp_path / "half.png")
    assert stylize.run(plates, keys=keys, matte=tmp_path / "half.png", matte_feather=6).redone == (1, 2, 3, 4)
    assert stylize.run(plates, keys=keys, matte=tmp_path / "half.png", matte_feather=6).redone == ()
