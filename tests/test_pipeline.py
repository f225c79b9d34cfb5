"""Reuse of earlier work, and the safety of a user's pictures."""

import numpy as np
import pytest

import stylize
from stylize import pipeline
from stylize.errors import InputError, OutputError, PaintedKeyError, ProjectError, SequenceError, SettingsError
from stylize.media.images import read_image, write_image
from stylize.media.safe_write import atomic_write
from stylize.project import read_project
from tests.clips import write_movie
from tests.sliding import SIZE, folder_of, picture, scene


@pytest.fixture
def keys(tmp_path, plates):
    (tmp_path / "painted").mkdir()
    for number in (1, 8):
        write_image(tmp_path / "painted" / f"{number}.png", 255 - read_image(plates / f"plate.{number:04d}.png"))
    return tmp_path / "painted"


# Painted keys


@pytest.mark.slow
def test_new_painted_key_keeps_the_rendered_keys(plates, style):
    first = stylize.run(plates, style=style, keyframes=(1, 8))
    kept = {path.name: path.read_bytes() for path in (first.project / "keys").iterdir()}
    write_image(first.project / "keys" / "mine 4.png", picture(90))
    again = stylize.run(plates, style=style, keyframes=(1, 8))
    assert again.rendered == ()
    assert again.painted == (4,)
    assert again.redone == (2, 3, 4, 5, 6, 7)  # its two spans reach from key to key
    assert all((first.project / "keys" / name).read_bytes() == content for name, content in kept.items())


@pytest.mark.slow
def test_painted_picture_replaces_the_rendered_key(plates, style):
    project = stylize.run(plates, style=style, keyframes=(1, 8)).project
    write_image(project / "keys" / "over 0008.png", picture(50))
    result = stylize.run(plates, style=style, keyframes=(1, 8))
    assert result.painted == (8,)
    np.testing.assert_array_equal(read_image(result.frames[8]), picture(50))


@pytest.mark.slow
def test_removed_painted_key_is_rendered_again(plates, style):
    project = stylize.run(plates, style=style, keyframes=(1, 8)).project
    rendered = (project / "keys" / "plate.0008.png").read_bytes()
    write_image(project / "keys" / "plate.0008.png", picture(50))
    stylize.run(plates, style=style, keyframes=(1, 8))
    (project / "keys" / "plate.0008.png").unlink()
    result = stylize.run(plates, style=style, keyframes=(1, 8))
    assert result.rendered == (8,)
    assert (project / "keys" / "plate.0008.png").read_bytes() == rendered


@pytest.mark.slow
def test_two_painted_keys_for_one_frame_are_refused(plates, keys):
    project = stylize.run(plates, keys=keys).project
    for name in ("a.4.png", "b.4.png"):
        write_image(project / "keys" / name, picture(50))
    with pytest.raises(SequenceError, match=r"a\.4\.png and b\.4\.png"):
        stylize.run(plates, keys=keys)


@pytest.mark.slow
def test_other_files_in_the_keys_folder_are_ignored(plates, style):
    project = stylize.run(plates, style=style, keyframes=(1,), to_stage="pick").project
    (project / "keys" / "notes.txt").write_text("paint the hat red")
    assert stylize.run(plates, style=style, keyframes=(1,)).rendered == (1,)


@pytest.mark.slow
def test_keys_outside_the_frame_range_are_ignored(plates, keys):
    whole = stylize.run(plates, keys=keys)
    write_image(whole.project / "keys" / "mine.3.png", picture(90))
    part = stylize.run(plates, keys=keys, frames="5-8")
    assert list(part.frames) == [5, 6, 7, 8]
    assert part.painted == (8,)
    assert (whole.project / "keys" / "mine.3.png").exists()


@pytest.mark.slow
def test_transparent_part_of_a_painted_key_shows_the_plate(plates, keys):
    key = np.dstack([picture(200), np.full(SIZE[::-1], 255, np.uint8)])
    key[:, 30:, 3] = 0
    write_image(keys / "1.png", key)
    made = read_image(stylize.run(plates, keys=keys).frames[1])
    np.testing.assert_array_equal(made[:, :30], picture(200)[:, :30])
    np.testing.assert_array_equal(made[:, 30:], scene(1)[0][:, 30:])


@pytest.mark.slow
def test_key_removed_from_the_users_folder_is_dropped(plates, keys):
    stylize.run(plates, keys=keys)
    (keys / "8.png").unlink()
    result = stylize.run(plates, keys=keys)
    assert result.painted == (1,)
    assert result.redone == (2, 3, 4, 5, 6, 7, 8)


@pytest.mark.slow
def test_key_edited_in_the_project_is_kept(plates, keys):
    project = stylize.run(plates, keys=keys).project
    write_image(project / "keys" / "plate.0001.png", picture(5))
    messages = []
    result = stylize.run(plates, keys=keys, on_message=messages.append)
    np.testing.assert_array_equal(read_image(result.frames[1]), picture(5))
    assert any("plate.0001.png" in text for text in messages)


# Reuse


@pytest.mark.slow
def test_second_run_does_no_work(plates, keys):
    first = stylize.run(plates, keys=keys)
    before = {path: path.stat().st_mtime_ns for path in first.project.rglob("*.*") if path.suffix in (".png", ".mp4")}
    again = stylize.run(plates, keys=keys)
    assert (again.redone, again.reused) == ((), tuple(range(1, 9)))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert again.outputs == first.outputs


@pytest.mark.slow
def test_changed_plate_regenerates_its_span(plates, keys, tmp_path):
    write_image(keys / "4.png", picture(90))
    stylize.run(plates, keys=keys, split=False)
    write_image(plates / "plate.0006.png", picture(30))
    assert stylize.run(plates, keys=keys, split=False).redone == (5, 6, 7)


@pytest.mark.slow
def test_lost_frame_is_regenerated_bit_identically_and_damaged_one_is_named(plates, keys):
    first = stylize.run(plates, keys=keys)
    before = {frame: path.read_bytes() for frame, path in first.frames.items()}
    first.frames[3].unlink()
    first.frames[5].write_bytes(b"corrupt")
    with pytest.raises(InputError, match=r"plate\.0005\.png .*cannot be read .* delete it to regenerate it"):
        stylize.run(plates, keys=keys)
    first.frames[5].unlink()
    again = stylize.run(plates, keys=keys)
    assert again.redone == (3, 5)
    assert {frame: path.read_bytes() for frame, path in again.frames.items()} == before


@pytest.mark.slow
def test_lost_error_map_is_regenerated(plates, keys):
    first = stylize.run(plates, keys=keys)
    errors = first.project / "passes" / "error" / first.frames[4].name
    before = errors.read_bytes()
    errors.unlink()
    assert stylize.run(plates, keys=keys).redone == (4,)
    assert errors.read_bytes() == before


@pytest.mark.slow
def test_new_start_number_renames_the_same_pictures(tmp_path, style):
    movie = write_movie(tmp_path / "shot.mp4", scene(6))
    one = stylize.run(movie, style=style, to_stage="pick")
    second = read_image(one.project / "video" / "shot.0002.png")
    stylize.run(movie, style=style, to_stage="pick", start_number=2)
    np.testing.assert_array_equal(read_image(one.project / "video" / "shot.0003.png"), second)


@pytest.mark.slow
def test_frames_beyond_a_shortened_shot_are_removed(tmp_path, plates, keys):
    project = stylize.run(plates, keys=keys).project
    (plates / "plate.0008.png").unlink()
    (keys / "8.png").unlink()
    result = stylize.run(plates, keys=keys)
    assert len(list((project / "out").iterdir())) == len(result.frames) == 7
    assert not [path for path in (project / "passes").iterdir() if path.name not in ("error", "mix")]


# Outputs


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["out/look.####.tif", "out/", "look.mov"])
def test_killed_export_resumes(plates, keys, tmp_path, monkeypatch, pattern):
    where = f"{tmp_path}/{pattern}"
    count = 0

    def killed_after_two(target, **more):
        nonlocal count
        count += 1
        if count > 2 or target.suffix == ".mov":
            raise KeyboardInterrupt
        return atomic_write(target, **more)

    with monkeypatch.context() as patch:
        patch.setattr("stylize.delivery.sequence.atomic_write", killed_after_two)
        patch.setattr("stylize.delivery.movie.atomic_write", killed_after_two)
        patch.setattr("stylize.delivery.sequence.write_image", lambda target, _, **more: killed_after_two(target))
        with pytest.raises(KeyboardInterrupt):
            stylize.run(plates, keys=keys, output=where)
    assert len(stylize.run(plates, keys=keys, output=where).frames) == 8


def test_existing_output_file_is_reported_before_any_work(plates, keys, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plate.0002.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"plate\.0002\.png.*--overwrite"):
        stylize.run(plates, keys=keys, output=f"{tmp_path}/out")
    assert not list((tmp_path / "plates.stylize" / "out").iterdir())


@pytest.mark.slow
def test_edited_result_is_not_overwritten(plates, keys, tmp_path):
    stylize.run(plates, keys=keys, output=f"{tmp_path}/out")
    write_image(tmp_path / "out" / "plate.0002.png", picture(1))
    with pytest.raises(OutputError, match=r"plate\.0002\.png.*--overwrite"):
        stylize.run(plates, keys=keys, output=f"{tmp_path}/out")
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "plate.0002.png"), picture(1))


# The project


@pytest.mark.slow
def test_project_resumes_from_another_working_folder(plates, keys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = stylize.run("plates", keys="painted", output="comp/").project
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    shot, settings = read_project(tmp_path / project)
    again = pipeline.run(shot, settings, tmp_path / project)
    assert again.redone == ()
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.slow
def test_plan_does_not_change_stored_settings(plates, style):
    project = stylize.run(plates, style=style, keyframes=(1, 8)).project
    stylize.plan(plates)
    stylize.run(plates, from_stage="export")
    assert read_project(project)[1].style == style


def test_project_of_another_shot_is_refused(tmp_path, style):
    first = write_movie(tmp_path / "shot.mp4", scene(3))
    stylize.run(first, style=style, to_stage="pick")
    second = write_movie(tmp_path / "shot.mov", scene(3, seed=9))
    with pytest.raises(ProjectError, match=r"shot\.mp4.*--project"):
        stylize.run(second, style=style, to_stage="pick")


@pytest.mark.slow
def test_run_without_style_fails_at_once_unless_a_key_exists(plates, tmp_path):
    with pytest.raises(SettingsError, match=r"--style PICTURE.*--keys FOLDER"):
        stylize.run(plates)
    assert not list((tmp_path / "plates.stylize" / "video").iterdir())
    write_image(tmp_path / "plates.stylize" / "keys" / "0003.png", picture(90))
    assert stylize.run(plates).painted == (3,)


def test_stage_needs_the_output_of_earlier_stages(plates, style):
    stylize.run(plates, style=style, to_stage="pick")
    with pytest.raises(PaintedKeyError, match="render"):
        stylize.run(plates, style=style, from_stage="propagate")
    with pytest.raises(OutputError, match="missing"):
        stylize.run(plates, style=style, from_stage="export")


def test_missing_key_message_names_the_keys_of_the_other_part(tmp_path):
    """The message does not mention cuts where there are none."""
    plates = folder_of(tmp_path / "plates", scene(4))
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted" / "1.png", scene(4)[0])
    with pytest.raises(PaintedKeyError, match=r"frames 2 to 3 has no key.*select --frames that include a painted key$"):
        stylize.run(plates, keys=tmp_path / "painted", frames="2-3")
