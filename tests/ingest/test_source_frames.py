"""The frames of a deinterlaced movie in a project: unpacked, listed with their sources, and delivered."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import stylize
from stylize.ingest.source_frames import source_table
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.fields import interlaced, moving, telecined
from tests.media.test_deinterlacing import write

VIDEO = Fraction(30000, 1001)


def listed(project: Path) -> list[str]:
    return (project / "source_frames.csv").read_text().splitlines()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "shot.mkv", telecined(moving(12)))


@pytest.mark.slow
def test_conformed_frames_are_unpacked_and_listed(film: Path, tmp_path: Path) -> None:
    messages: list[str] = []
    settings = {"deinterlace": "film", "start_number": 101, "to_stage": "conform", "on_message": messages.append}
    project = stylize.run(film, project=tmp_path / "p", **settings).project
    files = sorted((project / "video").iterdir())
    assert [path.name for path in files] == [f"shot.{number:04d}.png" for number in range(101, 113)]
    rows = listed(project)
    assert rows[0] == "frame,source_frame,top_field,bottom_field"
    assert rows[1] == "101,101,101,101"
    assert rows[3] == "103,104,104,103"
    assert len(rows) == 13
    (message,) = messages
    assert message.startswith("shot.mkv: frames of the film that its video carries, 12 in all, at 23.976 frames")
    (project / "source_frames.csv").write_text("mine")
    stylize.run(film, project=tmp_path / "p", **settings)
    assert listed(project) == ["mine"]
    assert any("source_frames.csv was changed by hand" in message for message in messages)


@pytest.mark.slow
def test_frames_are_unpacked_again_in_another_way(film: Path, tmp_path: Path) -> None:
    first = stylize.run(film, project=tmp_path / "p", to_stage="conform").project
    woven = read_image(first / "video" / "shot.0003.png")
    assert not (first / "source_frames.csv").exists()
    stylize.run(film, project=tmp_path / "p", to_stage="conform", deinterlace="film")
    whole = read_image(first / "video" / "shot.0003.png")
    assert np.abs(woven.astype(int) - whole).max() > 20
    stylize.run(film, project=tmp_path / "p", to_stage="conform", deinterlace="off")
    np.testing.assert_array_equal(read_image(first / "video" / "shot.0003.png"), woven)
    assert not (first / "source_frames.csv").exists()


def test_fields_are_listed_by_their_frames(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", interlaced(moving(24), "bottom"))
    rows = source_table(open_shot(path, deinterlace="fields", frames="3-5")).splitlines()
    assert rows[1:] == ["3,2,,2", "4,2,2,", "5,3,,3"]
    assert source_table(open_shot(path, deinterlace="frames", frames="2")).splitlines()[1:] == ["2,2,,2"]


@pytest.mark.slow
def test_result_and_timeline_have_the_frames_of_the_film(film: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    plates = dict(read_frames(open_shot(film, deinterlace="film")))
    write_image(tmp_path / "keys" / "4.png", 255 - plates[4])
    result = stylize.run(
        film, project=tmp_path / "p", keys=tmp_path / "keys", deinterlace="auto", output=tmp_path / "out.mov",
        export="otio",
    )  # fmt: skip
    assert list(result.frames) == list(range(1, 13))
    made = open_shot(tmp_path / "out.mov")
    assert (len(made.frames), made.rate) == (12, VIDEO * Fraction(4, 5))
    timeline = json.loads(next(tmp_path.glob("*.otio")).read_text())
    clips = [track["children"][0] for track in timeline["tracks"]["children"]]
    plate = clips[0]["media_references"]["DEFAULT_MEDIA"]
    assert plate["target_url_base"].rstrip("/").endswith("/video")
    assert plate["available_range"]["duration"]["value"] == 12
