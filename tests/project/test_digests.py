"""Detection of changed contents at the same size and time, and reuse of digests of unchanged files."""

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

import stylize
from stylize.errors import OutputError
from stylize.media.images import write_image
from stylize.project import Project, digest_of
from stylize.project.digests import DigestCache
from tests.clips import write_movie
from tests.same_status import change
from tests.sliding import folder_of, scene

FRAMES = 5
SIZE = scene(1)[0].shape[:2]
OURS = "made.stylize"
# Places of pictures, by the message that reports a change; frames are regenerated without a message.
SEEN = {
    "plates/*.dpx": "",
    "plates/*.tif": "",
    f"{OURS}/video/*.png": "",
    f"{OURS}/keys/*.png": "",
    f"{OURS}/mask/*/*.png": "",
    f"{OURS}/guides/*/*.png": "",
    "keys/*.png": "",
    "matte.png": "",
    f"{OURS}/out/*.png": "out/: frame",
    f"{OURS}/passes/error/*.png": "passes/error/: frame",
    f"{OURS}/passes/mix/*.png": "passes/mix/: frame",
    f"{OURS}/passes/look/*.png": "passes/look/: frame",
    f"{OURS}/contact_sheet.png": "contact_sheet.png was changed by hand",
}
REFUSED = [
    "to/shot.mp4", "to/shot.*.png", "to/shot_passes/*.exr", "to/shot_matte/*.png", "to/shot_foreground/*.png",
    "to/shot_ebsynth/video/*.png", "to/shot_ebsynth/mask/*.png", "to/shot.otio",
]  # fmt: skip


def ramp(value):
    """A matte or guide with noise on one side, so that its file is not small."""
    noise = np.random.default_rng(value).integers(100, 255, SIZE).astype(np.uint8)
    noise[:, SIZE[1] // 2 :] = 0
    return np.dstack([noise] * 3)


@pytest.fixture
def run_arguments(tmp_path):
    """Build the arguments of a run for the place under test."""

    def build(place):
        folder = tmp_path / "keys"
        folder.mkdir()
        for frame in (1, FRAMES):
            write_image(folder / f"{frame}.png", 255 - scene(FRAMES)[frame - 1])
        # Not split: a changed plate may look like a shot of its own.
        given = {"keys": folder, "project": tmp_path / OURS, "split": False}
        if place.startswith("plates"):
            given["shot"] = tmp_path / "plates"
            given["shot"].mkdir()
            for frame, pixels in enumerate(scene(FRAMES), 1):
                path = given["shot"] / f"shot.{frame:04d}{place[-4:]}"
                if path.suffix == ".tif":
                    cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 1])
                else:
                    write_image(path, pixels)
        else:
            given["shot"] = write_movie(tmp_path / "shot.mov", scene(FRAMES))
        if "mask" in place or "look" in place or place.startswith("to/"):
            given["matte"] = write_movie(tmp_path / "m.mp4", [ramp(n) for n in range(FRAMES)])
        if place == "matte.png":
            write_image(tmp_path / place, ramp(0))
            given["matte"] = tmp_path / place
        if "guides" in place:
            given["guide"] = f"{write_movie(tmp_path / 'g.mp4', [ramp(n) for n in range(FRAMES)])}:2"
        if place.startswith("to/"):
            given["output"] = str(tmp_path / ("to/shot.mp4" if place.endswith("mp4") else "to/shot.####.png"))
            given["export"] = ("passes", "matte", "foreground", "ebsynth", "otio")
        return given

    return build


def change_largest(tmp_path, place):
    """Change the largest file of a place, other than that of a key; return its path."""
    files = sorted(tmp_path.glob(place))
    assert files, place
    inner = files if "keys" in place or len(files) < 3 else files[1:-1]
    path = max(inner, key=lambda file: file.stat().st_size)
    change(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("place", SEEN)
def test_changed_contents_of_the_same_size_and_time_are_detected(tmp_path, run_arguments, place):
    given, messages = run_arguments(place), []
    stylize.run(**given)
    change_largest(tmp_path, place)
    again = stylize.run(**given, on_message=messages.append)
    if SEEN[place]:
        assert any(SEEN[place] in text for text in messages), messages
    else:
        assert again.redone


@pytest.mark.slow
@pytest.mark.parametrize("place", REFUSED)
def test_changed_results_of_the_same_size_and_time_are_not_replaced(tmp_path, run_arguments, place):
    given = run_arguments(place)
    stylize.run(**given)
    path = change_largest(tmp_path, place)
    mine = path.read_bytes()
    with pytest.raises(OutputError, match=r"no longer what an earlier run wrote there, but changed, replaced"):
        stylize.run(**given)
    assert path.read_bytes() == mine
    stylize.run(**given, overwrite=True)
    assert path.read_bytes() != mine


@pytest.mark.slow
def test_second_run_reads_no_file_again(run_arguments, monkeypatch):
    given = run_arguments("to/shot.mp4")
    stylize.run(**given)
    read = []

    def counting(path):
        read.append(path)
        return digest_of(path)

    for module in ("digests", "project", "records"):
        monkeypatch.setattr(f"stylize.project.{module}.digest_of", counting)
    given["export"] = ("passes", "matte", "foreground", "otio")  # the folder for EbSynth is always written
    assert not stylize.run(**given).redone
    assert [path.name for path in read] == [".shot.otio.stylize-partial"]  # text files are always written
    del read[:]
    stylize.run(**given, verify=True)
    assert {path.parent.name for path in read} >= {"video", "out", "keys", "error", "to", "shot_passes"}
    assert len(read) == len(set(read))


@pytest.mark.slow
def test_new_time_alone_regenerates_nothing(tmp_path, run_arguments):
    given = run_arguments("plates/*.tif")
    stylize.run(**given)
    for path in tmp_path.rglob("*.*"):
        os.utime(path)
    again = stylize.run(**given)
    assert not again.redone
    assert not again.rendered


@pytest.mark.parametrize("touch", [os.utime, lambda path: path.chmod(0o600), lambda path: renewed(path)])
def test_any_change_of_status_causes_a_read(tmp_path, touch, monkeypatch):
    path = tmp_path / "a"
    path.write_text("a")
    cache = DigestCache(tmp_path / "digests.json")
    before = cache.digest(path)
    touch(path)
    read = []
    monkeypatch.setattr("stylize.project.digests.digest_of", lambda path: read.append(path) or digest_of(path))
    assert cache.digest(path) == before
    assert read == [path]


def renewed(path):
    """A new file with the same contents, time and name."""
    before = path.stat()
    other = path.with_name("b")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


def test_verify_ignores_earlier_digests(tmp_path):
    project = Project(tmp_path / OURS)
    path = tmp_path / "a.png"
    path.write_text("a")
    with project.locked():
        true = project.digest(path)
    cache = project.root / "state/digests.json"
    cache.write_text(cache.read_text().replace(true, "0" * 32))
    assert Project(project.root).digest(path) == "0" * 32
    verified = Project(project.root, verify=True)
    with verified.locked():
        assert verified.digest(path) == true
    assert Project(project.root).digest(path) == true


def test_file_replaced_right_after_its_rename_is_read(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("ours")
    before = path.stat()
    cache = DigestCache(tmp_path / "digests.json")
    cache.placed(path, before, "of ours")
    assert cache.digest(path) == "of ours"
    path.write_text("theirs, longer")
    cache.placed(path, before, "of ours")
    assert cache.digest(path) == digest_of(path)


def test_folder_and_name_of_a_sequence_do_not_matter(tmp_path):
    """A moved copy of the plates has the same contents, and so gives the same frames."""
    keys = tmp_path / "keys"
    keys.mkdir()
    write_image(keys / "1.png", 255 - scene(FRAMES)[0])
    plates = folder_of(tmp_path / "plates", scene(FRAMES))
    stylize.run(plates, keys=keys, project=tmp_path / OURS)
    for path in plates.iterdir():
        renewed(path)
    assert not stylize.run(plates, keys=keys, project=tmp_path / OURS).redone


@pytest.mark.slow
def test_threads_save_digests_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("stylize.project.project.SAVE_EVERY", 0)
    monkeypatch.setattr("stylize.project.project.SAVE_SHARE", 0)
    project = Project(tmp_path / OURS)
    files = [project.folder("out") / f"{number}.png" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: project.place(path, "key", lambda partial: partial.touch()), files))
    assert all(Project(project.root).fresh(path, "key") for path in files)
