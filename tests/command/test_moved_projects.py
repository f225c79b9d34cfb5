"""Projects that are copied, moved or renamed, and inputs of projects that are missing."""

import shutil

import pytest

import stylize
from stylize.errors import ProjectError
from stylize.media.images import write_image
from stylize.settings import Settings
from stylize.settings.missing_inputs import refuse_missing
from tests.clips import write_movie
from tests.sliding import folder_of, scene


@pytest.mark.slow
def test_copied_job_continues_without_making_anything_again(tmp_path):
    job = tmp_path / "job"
    job.mkdir()
    movie = write_movie(job / "shot.mov", scene(4))
    write_image(job / "ref.png", 255 - scene(1)[0])
    first = stylize.run(movie, style=job / "ref.png", keyframes="1,4")
    assert first.rendered == (1, 4)
    messages = []
    shutil.copytree(job, tmp_path / "else/copy")
    job.rename(tmp_path / "old")
    again = stylize.run(tmp_path / "else/copy/shot.stylize", on_message=messages.append)
    assert messages == [
        f"note: {tmp_path}/else/copy/shot.stylize was copied or moved, and continues with the files next to it"
    ]
    assert again.project == tmp_path / "else/copy/shot.stylize"
    assert (again.rendered, again.redone) == ((), ())
    # renamed, with another setting
    renamed = (tmp_path / "else/copy/shot.stylize").rename(tmp_path / "else/copy/v2.stylize")
    more = stylize.run(renamed, add_key=2, to_stage="render")
    assert 2 in more.rendered


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"style": "gone.png"}, r"/gone\.png \(--style\)"),
        ({"keys": "gone"}, r"/gone \(--keys\)"),
        ({"keys": "here", "guide": "gone.####.exr:0.5"}, r"/gone\.####\.exr \(--guide\)"),
        ({"keys": "here", "matte": "gone/"}, r"/gone \(--matte\)"),
        ({"keys": "here", "keyframes": "gone/keys.csv"}, r"keys\.csv \(--keyframes\)"),
        ({"keys": "here", "vectors": "gone.####.exr"}, r"gone\.####\.exr \(--vectors\)"),
        ({"style": ("gone.png", "other.png")}, r"/gone\.png \(--style\), .*/other\.png \(--style\)"),
    ],
)
def test_missing_input_of_a_project_is_named_with_its_option(tmp_path, settings, named):
    folder_of(tmp_path / "here", scene(1))
    absolute = {
        name: tuple(f"{tmp_path}/{one}" for one in value) if isinstance(value, tuple) else f"{tmp_path}/{value}"
        for name, value in settings.items()
    }
    with pytest.raises(
        ProjectError, match=rf"p\.stylize: missing .*{named}; put back what is missing, or give another path"
    ):
        refuse_missing(tmp_path / "p.stylize", tmp_path / "here", Settings(**absolute))


def test_missing_shot_is_named_with_its_option(tmp_path):
    settings = Settings(style=folder_of(tmp_path / "here", scene(1)) / "plate.0001.png")
    for shot in ("shot.mov", "in/p.####.png", "here/q.####.png"):
        with pytest.raises(ProjectError, match=r"missing the shot .* \(--replace-shot PATH\); put back what is"):
            refuse_missing(tmp_path / "p.stylize", tmp_path / shot, settings)
    refuse_missing(tmp_path / "p.stylize", tmp_path / "here/plate.####.png", settings)


def test_inputs_of_stages_that_do_not_run_may_be_missing(tmp_path):
    folder_of(tmp_path / "here", scene(1))
    settings = Settings(keys=tmp_path / "here", guide=f"{tmp_path}/gone/:0.5", from_stage="export")
    refuse_missing(tmp_path / "p.stylize", tmp_path / "here", settings)
