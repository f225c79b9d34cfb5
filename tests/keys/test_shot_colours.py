"""Colours that stand for a whole shot."""

from types import SimpleNamespace

import numpy as np
import pytest

import stylize
from stylize.keys.shot_colours import FRAMES, shot_colours
from stylize.media.images import write_image
from tests.command.words import bunny, sequence


def context(count=30, renderer="example", palette=0.5, tone=0.0, keep_colours=False):
    """A shot of flat plates, each as bright as its number."""
    settings = SimpleNamespace(renderer=renderer, palette=palette, tone=tone, keep_colours=keep_colours)
    numbers = tuple(range(101, 101 + count))
    return SimpleNamespace(
        settings=settings,
        shot=SimpleNamespace(frames=numbers),
        plates=SimpleNamespace(
            colour=lambda frame: np.full((20, 30, 3), frame % 256, np.uint8), paths={n: f"{n}.png" for n in numbers}
        ),
        project=SimpleNamespace(plate_digest=lambda path: f"digest of {path}"),
    )


@pytest.mark.parametrize("settings", [{}, {"palette": 0.2}, {"palette": 1.0, "keep_colours": True}])
def test_key_that_depends_on_its_plate_alone_needs_none(settings):
    assert shot_colours(context(**settings)) is None


def test_other_renderers_need_none():
    assert shot_colours(context(renderer="painted", tone=1.0)) is None


@pytest.mark.parametrize("settings", [{"tone": 0.1}, {"palette": 0.6}, {"tone": 0.5, "keep_colours": True}])
def test_dials_of_the_whole_shot_need_its_colours(settings):
    assert shot_colours(context(**settings)) is not None


@pytest.mark.parametrize("count", [1, 2, FRAMES, 30, 1000])
def test_frames_are_evenly_spaced_from_the_first_to_the_last(count):
    found = shot_colours(context(count, tone=1.0)).frames
    assert len(found) == min(count, FRAMES)
    assert (found[0], found[-1]) == (101, 100 + count)
    gaps = np.diff(found)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


def test_pixels_and_cache_inputs_are_those_of_the_frames():
    found = shot_colours(context(tone=1.0))
    assert found.pixels.shape == (FRAMES * 64 * 64, 3)
    np.testing.assert_allclose(np.unique(found.pixels), np.array(found.frames) / 255, rtol=1e-6)
    assert found.cache_inputs() == [f"digest of {frame}.png" for frame in found.frames]


@pytest.mark.slow
@pytest.mark.parametrize("dial", [{"tone": 0.5}, {"palette": 0.9}])
def test_another_key_leaves_the_earlier_ones_as_they_are(tmp_path, dial):
    plates = sequence(tmp_path / "plates", bunny(8))
    style = tmp_path / "style.png"
    write_image(style, np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    assert stylize.run(plates, style=style, keyframes=(1001,), **dial).rendered == (1001,)
    assert stylize.run(plates, style=style, keyframes=(1001, 1008), **dial).rendered == (1008,)


@pytest.mark.slow
def test_changed_plate_of_the_shot_renders_its_keys_again(tmp_path):
    plates = sequence(tmp_path / "plates", bunny(4))
    style = tmp_path / "style.png"
    write_image(style, np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    for dial, again in (({"tone": 0.5}, (1001,)), ({}, ())):
        stylize.run(plates, style=style, keyframes=(1001,), **dial)
        last = sorted(plates.iterdir())[-1]
        write_image(last, bunny(1, 30 + len(again))[0])
        assert stylize.run(plates, style=style, keyframes=(1001,), **dial).rendered == again
