"""A new version of a shot under other frame numbers regenerates only the spans whose contents differ."""

import struct

import cv2
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


def fresh(folder, new, pictures, first, shift, **options):
    """Results of the new version from nothing, with its keys, mattes and guide. first: its first old frame."""
    keys = [frame for frame in KEYS if frame >= first]
    given = {
        "keys": painted(folder / "mine", pictures, keys, shift),
        "keyframes": ",".join(str(key + shift) for key in keys),
        "matte": str(folder_of(folder / "mattes", mattes()[first - 1 :], first + shift)),
        "guide": str(folder_of(folder / "guide", pictures[::-1][first - 1 :], first + shift)),
        "on": "ones",
    }
    return results(stylize.run(new, project=folder / "fresh.stylize", **given | options).project)


def with_change(pictures, frame):
    changed = [one.copy() for one in pictures]
    changed[frame - 1][8:24, 8:40] = 255 - changed[frame - 1][8:24, 8:40]
    return changed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "first", "shift", "redone"),
    [
        pytest.param(None, 1, 1000, [], id="other numbers"),
        # The span between keys 1 and 4 has lost key 1.
        pytest.param(None, 3, -2, [1], id="trimmed"),
        pytest.param(5, 1, 100, [105, 106], id="one changed plate"),
        pytest.param(7, 1, 100, [105, 106, 107, 108, 109], id="changed plate of a key"),
        pytest.param(9, 3, -2, [1, 6, 7], id="trimmed and changed"),
    ],
)
def test_only_spans_that_differ_are_regenerated(tmp_path, made, pictures, changed, first, shift, redone):
    plates = pictures if changed is None else with_change(pictures, changed)
    new = folder_of(tmp_path / "v2", plates[first - 1 :], first + shift)
    taken = stylize.run(made / "v1.stylize", replace_shot=new)
    assert (taken.rendered, list(taken.redone)) == ((), redone)
    expected = fresh(tmp_path, new, pictures, first, shift)
    assert results(taken.project) == expected
    assert {frame for _, frame in expected} == {frame + shift for frame in range(first, FRAMES + 1)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "first", "shift", "redone"),
    [
        # Line boil moves every drawing by its number.
        pytest.param({"boil": 0.5}, 1, 10, list(range(11, 21)), id="boil"),
        # Drawings are held for two frames, counted from the first.
        pytest.param({"on": "twos"}, 3, -2, [1], id="twos in phase"),
        pytest.param({"on": "twos"}, 2, 0, [2, 3, 5, 6, 8, 9], id="twos out of phase"),
    ],
)
def test_what_depends_on_numbers_is_regenerated(tmp_path, pictures, options, first, shift, redone):
    old = run_first(tmp_path, pictures, **options)
    new = folder_of(tmp_path / "v2", pictures[first - 1 :], first + shift)
    taken = stylize.run(old.project, replace_shot=new)
    assert list(taken.redone) == redone
    assert results(taken.project) == fresh(tmp_path / "fresh", new, pictures, first, shift, **options)


@pytest.mark.slow
def test_frames_that_get_the_numbers_of_others_are_not_mistaken_for_them(tmp_path, pictures):
    movie = write_movie(tmp_path / "shot.mkv", pictures[:5])
    one, two = (painted(tmp_path / f"keys{shift}", pictures, (1,), shift) for shift in (0, 1))
    stylize.run(movie, keys=one, on="ones")
    renumbered = stylize.run(movie, keys=two, on="ones", start_number=2)
    again = stylize.run(movie, keys=two, on="ones", start_number=2, project=tmp_path / "again.stylize")
    assert results(renumbered.project) == results(again.project)


@pytest.mark.slow
def test_plates_exported_again_with_equal_pixels_regenerate_nothing(tmp_path, made, pictures):
    new = tmp_path / "v2"
    new.mkdir()
    for number, plate in enumerate(pictures, 1001):
        cv2.imwrite(str(new / f"plate.{number}.png"), plate[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        original = made / f"v1/plate.{number - 1000:04d}.png"
        assert (new / f"plate.{number}.png").read_bytes() != original.read_bytes()
    taken = stylize.run(made / "v1.stylize", replace_shot=new)
    assert (taken.rendered, taken.redone) == ((), ())
    assert results(taken.project) == fresh(tmp_path, new, pictures, 1, 1000)
    # a plate that changes afterwards is not mistaken for its old one
    write_image(new / "plate.1005.png", with_change(pictures, 5)[4])
    assert stylize.run(taken.project).redone == (1005, 1006)


@pytest.mark.slow
def test_layers_and_drafts_follow(tmp_path, pictures):
    write_image(tmp_path / "ref.png", 255 - pictures[0])
    folder_of(tmp_path / "mattes", mattes())
    layers = [{"name": "ground", "boil": 0}, {"name": "figure", "matte": str(tmp_path / "mattes")}]
    old = stylize.run(
        folder_of(tmp_path / "v1", pictures), style=tmp_path / "ref.png", layers=layers, max_keyframes=2, on="ones"
    )
    stylize.run(old.project, draft=True, scale="1/2")
    new = folder_of(tmp_path / "v2", pictures, 1001)
    taken = stylize.run(old.project, replace_shot=new)
    assert (taken.rendered, taken.redone) == ((), ())
    assert [shift(key) for key in keys_of(old)] == keys_of(taken)
    draft = stylize.run(taken.project, draft=True, scale="1/2")
    assert (draft.rendered, draft.redone) == ((), ())
    for part in ("", "layers/figure/", "drafts/1-2/", "drafts/1-2/layers/ground/"):
        before = {(folder, frame + 1000): bits for (folder, frame), bits in results(old.project / part).items()}
        assert results(taken.project / part) == before


def shift(name):
    return f"{name[:-8]}{int(name[-8:-4]) + 1000:04d}.png"


def keys_of(run):
    return sorted(f"{path.parents[1].name}/{path.name}" for path in run.project.glob("layers/*/keys/*.png"))


@pytest.mark.slow
def test_pictures_changed_by_hand_and_keys_of_refinement_follow(tmp_path, pictures):
    write_image(tmp_path / "ref.png", 255 - pictures[0])
    movie = write_movie(tmp_path / "shot.mkv", pictures, layout="yuv444p", options={"qp": "0"})
    old = stylize.run(movie, style=tmp_path / "ref.png", max_keyframes=1, refine=1, coverage=0.5, on="ones")
    assert old.refinements
    for name in ("out/shot.0006.png", "out/shot.0001.png", "video/shot.0008.png"):
        write_image(old.project / name, picture(9))
    stylize.run(old.project)
    messages = []
    new = write_movie(tmp_path / "shot_v2.mkv", pictures[1:], layout="yuv444p", options={"qp": "0"})
    taken = stylize.run(old.project, replace_shot=new, on_message=messages.append)
    for name in ("out/shot_v2.0005.png", "video/shot_v2.0007.png"):
        assert (read_image(taken.project / name) == 9).all()
    assert "out/: frames changed by hand are kept: 5" in messages
    assert "video/: frames changed by hand are kept: 7" in messages
    gone = "out/: frames changed by hand whose plates have changed or are gone stay in"
    assert f"warning: {gone} {old.project}: 1" in messages
    # Refinement is over: its key is one of those asked for.
    assert taken.refinements == ()
    assert taken.rendered == ()
    assert any("the keys that --refine has added are kept" in line for line in messages)
    kept = [frame - 1 for frame in rendered(old) if frame > 1]
    assert rendered(taken) == kept
    assert stylize.run(taken.project).redone == ()


def rendered(run):
    return sorted(int(path.stem[-4:]) for path in (run.project / "keys").glob("*.png"))


@pytest.mark.slow
def test_motion_vectors_follow(tmp_path, pictures):
    for name, step in (("back", 2), ("on", -2)):
        (tmp_path / name).mkdir()
        for number in range(1, FRAMES + 1):
            header = struct.pack("<fii", 202021.25, 64, 36)
            flow = np.broadcast_to(np.array([step, 0], "<f4"), (36, 64, 2))
            (tmp_path / name / f"v.{number:04d}.flo").write_bytes(header + flow.tobytes())
    old = stylize.run(
        folder_of(tmp_path / "v1", pictures), keys=painted(tmp_path / "mine", pictures, (1, 6)),
        vectors_back=tmp_path / "back/v.####.flo", vectors_forward=tmp_path / "on/v.####.flo",
    )  # fmt: skip
    taken = stylize.run(old.project, replace_shot=folder_of(tmp_path / "v2", pictures[2:]))
    # Frames 1-3 have lost the key before them; the others have the same vectors.
    assert taken.redone == (1, 2, 3)
