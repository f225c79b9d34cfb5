"""Every kind of export under failure: final names hold complete files only, and the error is one line."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO
import pytest

import stylize
from stylize.errors import OutputError
from stylize.media.images import write_image
from stylize.project.user_data import project_data
from tests import forbidden, forked_python, small_disk
from tests.clips import write_movie
from tests.sliding import folder_of, scene

COUNT = 8
# Options of each kind, relative to the output folder, and names of the expected files.
KINDS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "sequence": ({"output": "c é.####.exr"}, ("c é.0001.exr", "c é.0008.exr")),
    "copied sequence": ({"output": "c é.####.png"}, ("c é.0001.png", "c é.0008.png")),
    "movie": ({"output": "m é.mov"}, ("m é.mov",)),
    "lossless movie": ({"output": "m é.mkv"}, ("m é.mkv",)),
    "passes": ({"output": "m.mov", "export": "passes"}, ("plate_passes/plate_passes.0001.exr",)),
    "passes alone": (
        {"output": "m.mov", "export": "passes", "passes_as": "sequences"},
        ("plate_passes/mix/plate_mix.0003.exr",),
    ),
    "timelines": (
        {"output": "m.mov", "export": "otio,xml,fcpxml,edl,aftereffects,nuke"},
        ("plate.otio", "plate.xml", "plate.fcpxml", "plate.edl", "plate.jsx", "plate.nk", "plate_plate.mov"),
    ),
}
EACH = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("Größe 1")
    folder_of(folder / "plates", scene(COUNT))
    (folder / "keys").mkdir()
    for frame in (1, COUNT):
        write_image(folder / f"keys/{frame}.png", 255 - scene(COUNT)[frame - 1])
    stylize.run(folder / "plates", keys=folder / "keys", to_stage="propagate")
    return folder


@pytest.fixture
def place(project: Path) -> Iterator[Path]:
    """An empty folder next to the shot; the project's records are restored afterwards."""
    place, before = project / "out é", records(project)
    place.mkdir()
    yield place
    shutil.rmtree(place)
    restore(project, before)
    shutil.rmtree(project_data(project / "plates.stylize"), ignore_errors=True)


def records(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (folder / "plates.stylize/state").iterdir()}


def restore(folder: Path, before: dict[Path, bytes]) -> None:
    for path in (folder / "plates.stylize/state").iterdir():
        path.unlink()
    for path, data in before.items():
        path.write_bytes(data)


def export_options(place: Path, kind: str, **more: Any) -> dict[str, Any]:
    given = {**KINDS[kind][0], **more}
    return {**given, "keys": place.parent / "keys", "output": str(place / given["output"])}


def words_of(place: Path, kind: str) -> list[str]:
    words = ["-m", "cli", str(place.parent / "plates"), "--rate", "24"]
    for name, value in export_options(place, kind).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def deliver(place: Path, kind: str, **more: Any) -> None:
    stylize.run(place.parent / "plates", rate=24, **export_options(place, kind, **more))


def files(folder: Path) -> dict[str, bytes]:
    """Files with a final name; hidden files do not count, as programs that list pictures ignore them."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def assert_whole(folder: Path) -> None:
    """Assert that every file with a final name is complete."""
    for name in files(folder):
        path = folder / name
        if path.suffix in (".exr", ".png"):
            source = OpenImageIO.ImageInput.open(str(path))
            assert source is not None, name
            part = 0
            while source.seek_subimage(part, 0):
                assert source.read_image(part, 0, 0, source.spec().nchannels, "float") is not None, name
                part += 1
            source.close()
        elif path.suffix in (".mov", ".mkv"):
            with av.open(str(path)) as movie:
                assert sum(1 for _ in movie.decode(video=0)) == COUNT, name
        else:
            ends = {".otio": "}\n", ".xml": "</xmeml>\n", ".fcpxml": "</fcpxml>\n", ".jsx": "}());\n"}
            assert path.read_text().endswith(ends.get(path.suffix, "\n" if path.suffix == ".edl" else "}\n")), name


@pytest.mark.slow
@EACH
def test_undisturbed_export_is_complete(place: Path, kind: str) -> None:
    deliver(place, kind)
    assert set(KINDS[kind][1]) <= set(files(place))
    assert_whole(place)


@pytest.mark.slow
@EACH
@small_disk.needs_disks
@pytest.mark.parametrize("share", [0.5, 1.0], ids=["halfway", "at the last file"])
def test_full_disk_leaves_complete_files_and_the_export_resumes(
    place: Path, tmp_path: Path, kind: str, share: float
) -> None:
    whole = files_after(place, kind)
    needed = sum(-(-len(data) // 4096) * 4 for data in whole.values())  # kilobytes, in pages
    (tmp_path / "left").mkdir()
    room = max(4, int(needed * share) // 4 * 4 - 4)
    ran = small_disk.python(place, room, tmp_path / "left", words_of(place, kind))
    assert ran.code == 1, ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert re.search(r"the disk is full.*free", ran.stderr), ran.stderr
    assert_whole(ran.left)
    assert files(ran.left).items() < whole.items()
    deliver(place, kind)  # with free space, it resumes
    assert files(place) == whole


@pytest.mark.slow
@EACH
@forbidden.needs_permissions
def test_read_only_folder_is_reported(place: Path, kind: str) -> None:
    place.chmod(0o500)
    try:
        ran = forbidden.python(*words_of(place, kind))
    finally:
        place.chmod(0o700)
    assert ran.returncode == 1, ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert re.search(r"(does not allow it|Permission denied).*choose", ran.stderr), ran.stderr
    assert list(place.iterdir()) == []


@pytest.mark.slow
@EACH
def test_foreign_files_are_overwritten_only_on_request(place: Path, kind: str) -> None:
    for name in KINDS[kind][1]:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
        with pytest.raises(OutputError, match=rf"{re.escape(path.name)}.* already exist.*--overwrite"):
            deliver(place, kind)
        assert files(place) == {name: b"precious"}
        path.unlink()
    path = place / KINDS[kind][1][-1]
    path.write_bytes(b"precious")
    deliver(place, kind, overwrite=True)
    assert b"precious" not in files(place).values()
    assert_whole(place)


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("after", [0, 2])
def test_interrupted_export_resumes(place: Path, kind: str, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = files_after(place, kind)
    count = 0
    replace: Callable[[Path, Path], Path] = Path.replace

    def stopped(self: Path, target: Path) -> Path:
        nonlocal count
        if Path(target).is_relative_to(place):
            count += 1
            if count > min(after, len(names) - 1):
                raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stopped)
        with pytest.raises(KeyboardInterrupt):
            deliver(place, kind)
    assert_whole(place)
    assert not any("partial" in name for name in names)
    assert files(place).items() <= names.items()
    assert len(files(place)) < len(names)
    deliver(place, kind)
    assert files(place) == names


@cache
def files_after(place: Path, kind: str) -> dict[str, bytes]:
    """Return the files of an undisturbed export, and undo it. Done once, as all tests use the same place."""
    before = records(place.parent)
    deliver(place, kind)
    found = files(place)
    shutil.rmtree(place)
    place.mkdir()
    restore(place.parent, before)
    return found


@pytest.mark.slow
@EACH
def test_killed_export_leaves_only_complete_files(place: Path, kind: str) -> None:
    """Kill it in the middle of writing, which no handler sees; then run the same command again."""
    code = (
        "import os, pathlib, sys; replace = pathlib.Path.replace; place = sys.argv.pop(1); seen = []\n"
        "def die(self, target):\n"
        "    if str(target).startswith(place):\n"
        "        seen.append(target)\n"
        "        if len(seen) > 1 or not str(target).endswith('.exr'): os._exit(9)\n"
        "    return replace(self, target)\n"
        "pathlib.Path.replace = die\n"
        "import cli; cli.main(sys.argv[1:])"
    )
    ran = forked_python.run(["-c", code, place, *words_of(place, kind)[2:]])
    if kind != "copied sequence":
        assert ran.returncode == 9, ran.stderr
    assert_whole(place)
    deliver(place, kind)
    assert_whole(place)
    assert set(KINDS[kind][1]) <= set(files(place))


GROWTH = """
import resource, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from stylize.media.targets import Encoding
from stylize.delivery.movie import write_movie
from stylize.interchange.passes import FrameData, parts_of, write_parts
from stylize.delivery.sequence import write_sequence
from stylize.media.sequences import Pattern
from stylize.media.shot import Shot
kind, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
frames = range(95_001, 95_001 + count)
rate = Fraction(30000, 1001)
shot = Shot(folder / "shot.mov", "s", "movie", tuple(frames), (16, 16), rate, tuple(range(count)), 1 / rate, False, 8,
            False, "00:59:59;00", False, (), positions=tuple(range(count)), source_frames=count)
results = dict.fromkeys(frames, folder / "r.png")
if kind == "movie":
    write_movie(shot, results, folder / "m.mov")
elif kind == "sequence":
    write_sequence(results.items(), Pattern(folder / "x", "c.", 4, ".exr"), shot=shot, workers=4)
else:
    flat = np.zeros((16, 16), np.float32)
    flow = np.zeros((16, 16, 2), np.float32)
    for frame in frames:
        write_parts(folder / f"x/p.{frame}.exr", parts_of(FrameData(flat, flat, flat, (1, 2), flow, flow, None, None)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


FEW, MANY = 100, 1_500


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sequence", "movie", "passes"])
def test_memory_does_not_grow_with_the_number_of_frames(tmp_path: Path, kind: str) -> None:
    used = {}
    for count in FEW, MANY:
        folder = tmp_path / f"{count} é"
        folder.mkdir()
        write_image(folder / "r.png", np.full((16, 16, 3), 99, np.uint8))
        write_movie(folder / "shot.mov", [np.full((16, 16, 3), 99, np.uint8)])
        ran = forked_python.run(["-c", GROWTH, kind, folder, count])
        assert ran.returncode == 0, ran.stderr
        used[count] = int(ran.stdout) / 1024
        if kind == "movie":
            with av.open(str(folder / "m.mov")) as movie:
                assert movie.streams.video[0].frames == count
        else:
            numbers = sorted(int(path.name.split(".")[1]) for path in (folder / "x").iterdir())
            assert numbers == list(range(95_001, 95_001 + count))
    assert used[MANY] - used[FEW] < (MANY - FEW) * 0.008, used  # megabytes


@pytest.mark.slow
@forbidden.needs_permissions
@pytest.mark.parametrize("name", ["", "new/deep/", "m.mov"])
def test_read_only_folder_is_reported_before_the_work(tmp_path: Path, name: str) -> None:
    plates = folder_of(tmp_path / "plates", scene(2))
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted" / "1.png", scene(2)[0])
    (tmp_path / "closed").mkdir(0o500)
    words = [plates, "--keys", tmp_path / "painted", "-o", f"{tmp_path}/closed/{name}"]
    ran = forbidden.python("-m", "cli", *words)
    assert ran.returncode == 1
    assert re.search(
        r"cannot be written: .*closed does not allow it; fix its permissions, or choose another -o\n$", ran.stderr
    ), ran.stderr
    assert not list((tmp_path / "plates.stylize" / "out").iterdir())
    ran = forbidden.python("-m", "cli", "matte", plates, "--luma", "0.2:0.5", "-o", f"{tmp_path}/closed/m/")
    assert "closed does not allow it" in ran.stderr, ran.stderr
    assert list((tmp_path / "closed").iterdir()) == []


def test_file_in_the_place_of_a_folder_is_reported_before_the_work(tmp_path: Path) -> None:
    plates = folder_of(tmp_path / "plates", scene(2))
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted" / "1.png", scene(2)[0])
    (tmp_path / "file").write_text("precious")
    with pytest.raises(OutputError, match="a file exists where a folder is needed; choose another -o"):
        stylize.run(plates, keys=tmp_path / "painted", output=f"{tmp_path}/file/o/")
    assert not list((tmp_path / "plates.stylize" / "out").iterdir())
