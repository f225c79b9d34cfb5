"""Stale frames of earlier runs among those of a result."""

import numpy as np
import pytest

import stylize
from stylize.errors import OutputError
from stylize.matting.matte_pipeline import make_mattes
from stylize.media.images import write_image
from stylize.media.stale_outputs import stale_warning
from stylize.media.targets import parse_target
from stylize.settings import MatteSettings
from tests.sliding import SIZE, folder_of, picture, scene

COUNT = 6


@pytest.fixture
def plates(tmp_path):
    return folder_of(tmp_path / "plates", scene(COUNT))


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys").mkdir()
    write_image(tmp_path / "keys" / "2.png", picture(90))
    return tmp_path / "keys"


def test_only_other_frames_of_the_same_name_are_stale(tmp_path):
    target = parse_target(f"{tmp_path}/o/", "shot")
    assert stale_warning(target, (1, 2)) is None
    (tmp_path / "o").mkdir()
    for name in ("shot.0001.png", "shot.0004.png", "shot.0005.png", "other.0009.png", "shot.0007.png.txt", "a.txt"):
        (tmp_path / "o" / name).write_bytes(b"")
    warning = stale_warning(target, (1, 2))
    assert warning == f"{tmp_path}/o: kept 2 pictures that this run did not write: frames 4-5"
    assert stale_warning(target, (1, 4)).startswith(f"{tmp_path}/o: kept 1 picture")
    assert stale_warning(target, (1, 4, 5)) is None
    assert stale_warning(parse_target(f"{tmp_path}/o/m.mov", "shot"), (1,)) is None


@pytest.mark.slow
def test_run_on_a_frame_range_reports_and_keeps_the_other_frames(tmp_path, plates, keys):
    messages = []
    stylize.run(plates, keys=keys, output=f"{tmp_path}/o/", on_message=messages.append)
    assert not [line for line in messages if "did not write" in line]
    before = {path.name: path.read_bytes() for path in (tmp_path / "o").glob("*.png")}
    stylize.run(plates, keys=keys, frames="1-3", output=f"{tmp_path}/o/", on_message=messages.append)
    assert [line for line in messages if "did not write" in line] == [
        f"{tmp_path}/o: kept 3 pictures that this run did not write: frames 4-6"
    ]
    assert {path.name: path.read_bytes() for path in (tmp_path / "o").glob("*.png")} == before


@pytest.mark.slow
def test_stale_mattes_and_foregrounds_are_reported(tmp_path, plates):
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[8:28, 10:40] = 255
    write_image(tmp_path / "mask.png", mask)
    asked = {"key": (f"2:{tmp_path / 'mask.png'}",), "output": f"{tmp_path}/m/", "foreground": f"{tmp_path}/f/"}
    messages = []
    stylize.make_mattes(plates, MatteSettings(**asked), on_message=messages.append)
    assert messages == []
    stylize.make_mattes(plates, MatteSettings(**asked, frames="1-2"), on_message=messages.append)
    ends = "kept 4 pictures that this run did not write: frames 3-6"
    assert messages == [f"{tmp_path}/m: {ends}", f"{tmp_path}/f: {ends}"]


def test_result_goes_into_another_project_only_on_request(tmp_path, plates, keys):
    other = folder_of(tmp_path / "others", scene(COUNT))
    theirs = make_mattes(other, MatteSettings(luma="0.2:0.5", output=f"{tmp_path}/theirs/"))
    assert len(theirs.frames) == COUNT
    project = tmp_path / "others.stylize"
    for place in ("export/", "mask/deep/", "new/"):
        with pytest.raises(OutputError, match=r"others\.stylize is another project.*--overwrite") as error:
            make_mattes(plates, MatteSettings(luma="0.2:0.5", output=f"{project}/{place}"))
        assert "\n" not in str(error.value)
        with pytest.raises(OutputError, match=r"others\.stylize is another project"):
            stylize.run(plates, keys=keys, output=f"{project}/{place}")
    with pytest.raises(OutputError, match=r"others\.stylize is another project"):
        make_mattes(plates, MatteSettings(luma="0.2:0.5", output=f"{tmp_path}/m/", foreground=f"{project}/export/f/"))
    assert not list((project / "export").iterdir())
    # The run's own export/ is meant for results; and --overwrite is accepted.
    own = tmp_path / "plates.stylize" / "export" / "mattes"
    assert len(make_mattes(plates, MatteSettings(luma="0.2:0.5", output=f"{own}/")).redone) == COUNT
    asked = MatteSettings(luma="0.2:0.5", output=f"{project}/export/m/", overwrite=True)
    assert len(make_mattes(plates, asked).redone) == COUNT
