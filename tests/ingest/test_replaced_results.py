"""A new version of a shot under other frame numbers regenerates only the spans whose contents differ."""

import numpy as np
import pytest

import stylize
from stylize.media.images import read_image, write_image
from tests.clips import write_movie
from tests.sliding import folder_of, picture, scene

FRAMES = 10
KEYS = (1, 4, 7, 10)
# Files of a frame whose bits are compared.
RESULTS = ("out", "passes/error", "passes/mix", "passes/look")


@pytest.fixture(scope="module")
def pictures():
    return scene(FRAMES)


@pytest.fixture(scope="module")
def made(tmp_path_factory, pictures):
    """A finished project: painted keys, mattes with soft edges, a guide; plates 1-10."""
    root = tmp_path_factory.mktemp("old")
    run_first(root, pictures)
    return root


def run_first(root, pictures, **options):
    given = {"keys": painted(root / "mine", pictures), "keyframes": ",".join(map(str, KEYS)), "on": "ones"}
    return stylize.run(
        folder_of(root / "v1", pictures), matte=str(folder_of(root / "mattes", mattes())),
        guide=str(folder_of(root / "guide", pictures[::-1])), **given | options,
    )  # fmt: skip


def painted(folder, pictures, frames=KEYS, shift=0):
    folder.mkdir(parents=True)
    for frame in frames:
        write_image(folder / f"key.{frame + shift:04d}.png", 255 - pictures[frame - 1])
    return folder


def mattes():
    ramp = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (36, 64, 3))
    return [np.ascontiguousarray(np.roll(ramp, 2 * n, axis=1)) for n in range(FRAMES)]


def results(project):
    """Bits of all results of a project, by folder and frame."""
    return {
        (folder, int(path.stem.rpartition(".")[2])): path.read_bytes()
        for folder in RESULTS
        for path in (project / folder).glob("*.png")
    }


def replaced(old, tmp_path, new, **options):
    """Run the new version twice: from the old project, and from nothing with the keys and inputs taken over."""
    messages = []
    taken = stylize.run(old, replace_shot=new, on_message=messages.append, **options)
    settings = stylize.read_project(taken.project) if hasattr(stylize, "read_project") else None
    assert settings is None
    return taken, messages


def fresh(taken, new, folder, pictures, first, shift, **options):
    """A run of the new version from nothing, with its keys, mattes and guide."""
    root = folder / "fresh"
    frames = range(first, FRAMES + 1)
    keys = [frame for frame in KEYS if frame in frames]
    given = {
        "keys": painted(root / "mine", pictures, keys, shift), "keyframes": ",".join(str(key + shift) for key in keys),
        "matte": str(folder_of(root / "mattes", mattes()[first - 1 :], first + shift)),
        "guide": str(folder_of(root / "guide", pictures[::-1][first - 1 :], first + shift)), "on": "ones",
    }  # fmt: skip
    return stylize.run(new, project=root / "fresh.stylize", **given | options)


@pytest.mark.slow
def test_other_numbers_alone_regenerate_nothing(tmp_path, made, pictures):
    new = folder_of(tmp_path / "v2", pictures, 1001)
    messages = []
    taken = stylize.run(made / "v1.stylize", replace_shot=new, on_message=messages.append)
    assert (taken.rendered, taken.redone) == ((), ())
    assert any("offset +1000" in line for line in messages)
    expected = results(fresh(taken, new, tmp_path, pictures, 1, 1000).project)
    assert results(taken.project) == expected
    assert {frame for _, frame in expected} == set(range(1001, 1011))
