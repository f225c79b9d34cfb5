"""Both versions of a shot are read as their runs read them: layer, view, and options that apply to each."""

from fractions import Fraction

import numpy as np
import pytest

from stylize.errors import SettingsError, ShotError
from stylize.ingest.shot_versions import Versions, compare
from stylize.media.views import ShaperView
from stylize.project import Project
from stylize.settings import Settings
from tests.clips import write_movie
from tests.exr_files import Part, write_exr
from tests.sliding import folder_of, scene

FRAMES = 5


@pytest.fixture(scope="module")
def pictures():
    return scene(FRAMES)


@pytest.fixture
def compared(tmp_path):
    def compared(old, new, before=None, after=None, given=()):
        before, messages = before or Settings(), []
        project = Project(tmp_path / "v1.stylize")
        asked = Versions(project.root, old, before, new, tmp_path / "v2.stylize", after or before, frozenset(given))
        found, settings = compare(project, asked, messages.append)
        return found, settings, messages

    return compared


def light(pictures, folder, first, *, layers=lambda frame: {"": frame}):
    """Pictures as EXR. layers: those of a frame, by prefix of their channels."""
    for number, plate in enumerate(pictures, first):
        parts = layers((plate / np.float32(255)) ** np.float32(2.2))
        channels = tuple(f"{prefix}{one}" for prefix in parts for one in "RGB")
        write_exr(folder / f"p.{number:04d}.exr", Part(np.concatenate(list(parts.values()), axis=2), channels))
    return folder


@pytest.mark.slow
def test_layer_that_the_run_reads_is_compared(tmp_path, pictures, compared):
    draw = np.random.default_rng(1)

    def layers(frame):
        return {"": draw.random(frame.shape, np.float32), "beauty.": frame}

    one = light(pictures, tmp_path / "v1", 1, layers=layers)
    two = light(pictures[1:], tmp_path / "v2", 1, layers=layers)
    found, _, _ = compared(one, two, Settings(exr_layer="beauty"))
    assert (found.shift, found.same) == (-1, {1, 2, 3, 4})
    with pytest.raises(ShotError, match="expected at least half of the frames to agree"):
        compared(one, two, Settings(exr_layer="beauty"), Settings(), given=("exr_layer",))


@pytest.mark.slow
def test_light_above_1_is_compared_in_the_view(tmp_path, pictures, compared):
    lit = [np.where(plate > 128, 8, plate / 255) for plate in pictures]

    def write(name, plates, first):
        for number, plate in enumerate(plates, first):
            write_exr(tmp_path / name / f"p.{number:04d}.exr", Part(plate.astype(np.float32)))
        return tmp_path / name

    dimmed = [*lit[:2], np.where(lit[2] > 1, 1.5, lit[2]), *lit[3:]]
    one, two = write("v1", lit, 1), write("v2", dimmed, 1001)
    found, _, _ = compared(one, two)
    assert isinstance(found.new.view, ShaperView)
    assert found.old.view == found.new.view
    assert (found.shift, found.changed) == (1000, [1003])
    assert (found.light.high, found.same) == (8, {1001, 1002, 1004, 1005})
    # A curve that clips at 1 shows no difference.
    assert compared(one, two, Settings(clip=True))[0].changed == []


@pytest.mark.slow
@pytest.mark.parametrize("to_sequence", [True, False])
def test_options_of_other_footage_are_left_out(tmp_path, pictures, compared, to_sequence):
    folder, movie = folder_of(tmp_path / "v1", pictures), write_movie(tmp_path / "v.mkv", pictures, options={"qp": "0"})
    if to_sequence:
        found, settings, messages = compared(movie, folder, Settings(start_number=7))
        left, shift, kind = "--start-number", -6, f"{folder} is numbered pictures"
        assert settings.start_number == 1
    else:
        found, settings, messages = compared(folder, movie, Settings(rate=Fraction(25)))
        left, shift, kind = "--rate", 0, f"{movie} is a movie"
        assert settings.rate is None
    assert found.shift == shift
    assert messages == [f"note: {kind}: {left} of the old version is left out"]


def test_option_that_is_given_for_the_new_version_is_not_left_out(tmp_path, pictures, compared):
    folder = folder_of(tmp_path / "v1", pictures)
    with pytest.raises(SettingsError, match="--start-number applies to movies"):
        compared(folder, folder_of(tmp_path / "v2", pictures), after=Settings(start_number=7), given=("start_number",))
