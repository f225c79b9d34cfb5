"""Files of a project's keys folder that count as keys."""

from dataclasses import replace

import pytest

import stylize
from stylize.context.keys import Keys
from stylize.errors import PaintedKeyError
from stylize.keys import rendering
from stylize.media.images import read_image, write_image
from stylize.media.safe_write import atomic_write, is_partial
from stylize.media.sequences import Pattern
from stylize.project import Project
from tests.clips import write_movie
from tests.sliding import picture, scene

FRAMES = 4


def keys_of(tmp_path, name):
    project = Project(tmp_path / "p.stylize")
    pattern = Pattern(project.folder("keys"), f"{name}.", 4, ".png")
    return Keys(project, pattern, tuple(range(1, FRAMES + 1)), (64, 36), None, False)


@pytest.mark.slow
def test_shot_with_a_leading_dot_finds_its_keys(tmp_path):
    movie = write_movie(tmp_path / ".shot.mov", scene(FRAMES))
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted/1.png", 255 - scene(FRAMES)[0])
    first = stylize.run(movie, keys=tmp_path / "painted")
    assert first.painted == (1,)
    own = first.project / "keys/.shot.0001.png"
    write_image(own, picture(9))
    again = stylize.run(movie)
    assert again.painted == (1,)
    assert (read_image(again.frames[1]) == 9).all()


@pytest.mark.slow
def test_rendered_keys_of_a_shot_with_a_leading_dot_are_found(tmp_path):
    movie = write_movie(tmp_path / ".shot.mov", scene(FRAMES))
    write_image(tmp_path / "ref.png", scene(1)[0])
    assert stylize.run(movie, style=tmp_path / "ref.png", keyframes="1,4").rendered == (1, 4)
    assert not stylize.run(movie, style=tmp_path / "ref.png", keyframes="1,4").rendered


@pytest.mark.parametrize("name", ["shot", ".shot"])
def test_hidden_and_temporary_files_are_not_keys(tmp_path, name):
    keys = keys_of(tmp_path, name)
    folder = keys.pattern.folder
    hidden = ["._shot.0001.png", "._.shot.0001.png", ".other.0002.png"]
    temporary = [".shot.0003.partial.png", "..shot.0003.partial.png", "..shot.0004.stylize-partial.png"]
    for other in (*hidden, *temporary):
        (folder / other).write_bytes(b"no key")
    write_image(folder / f"{name}.0004.png", picture(1))
    assert keys.files() == {4: folder / f"{name}.0004.png"}


@pytest.mark.parametrize("keep_suffix", [False, True])
@pytest.mark.parametrize("name", ["shot.0001.png", ".shot.0001.png", "notes", "a.partial.png"])
def test_temporary_files_are_recognised_by_name(tmp_path, name, keep_suffix):
    with atomic_write(tmp_path / name, keep_suffix=keep_suffix) as partial:
        partial.touch()
        assert is_partial(partial.name)
    assert not is_partial(name)


@pytest.mark.slow
def test_damaged_rendered_key_does_not_count_as_painted(tmp_path):
    movie = write_movie(tmp_path / "shot.mov", scene(FRAMES))
    write_image(tmp_path / "ref.png", scene(1)[0])
    key = stylize.run(movie, style=tmp_path / "ref.png", keyframes="1").project / "keys/shot.0001.png"
    key.write_bytes(key.read_bytes()[:900])
    with pytest.raises(PaintedKeyError, match=r"differs from the key that a run wrote .*; delete it to"):
        stylize.run(movie, style=tmp_path / "ref.png", keyframes="1")
    key.unlink()
    assert stylize.run(movie, style=tmp_path / "ref.png", keyframes="1").rendered == (1,)


@pytest.mark.slow
def test_key_painted_during_rendering_is_kept(tmp_path, monkeypatch):
    movie, messages = write_movie(tmp_path / "shot.mov", scene(FRAMES)), []
    write_image(tmp_path / "ref.png", scene(1)[0])
    key, render = tmp_path / "shot.stylize/keys/shot.0001.png", rendering.paint_key

    def painting(*given):
        write_image(key, picture(9))
        return render(*given)

    monkeypatch.setattr(rendering, "paint_key", painting)
    stylize.run(movie, style=tmp_path / "ref.png", keyframes="1", to_stage="render", on_message=messages.append)
    assert (read_image(key) == 9).all()
    assert f"{key} was painted while this run rendered the key and is kept; run again to use it" in messages


def given_keys(tmp_path, painted):
    """Keys of a project, given with a folder of one picture for frame 2."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    write_image(folder / "key 2.png", painted)
    keys = keys_of(tmp_path, "shot")
    return replace(keys, source_folder=folder)


@pytest.mark.parametrize("name", ["shot.0002.png", "older 2.png", "old_2.webp"])
def test_given_key_takes_precedence_over_an_older_one_which_is_kept(tmp_path, name):
    keys, messages = given_keys(tmp_path, picture(9)), []
    older = keys.pattern.folder / name
    write_image(older.with_suffix(".png"), picture(5))
    older.with_suffix(".png").rename(older)
    contents = older.read_bytes()
    assert keys.painted_files() == {2: tmp_path / "mine/key 2.png"}
    keys.import_keys(messages.append)
    kept = keys.pattern.folder / "replaced" / name
    assert kept.read_bytes() == contents
    assert (read_image(keys.files()[2]) == 9).all()
    assert messages == [
        f"{tmp_path}/mine/key 2.png takes precedence over the older key {older}, which is kept as {kept}; to use that "
        f"one again, move it back to {older}"
    ]
    # again: nothing is left to report
    replace(keys).import_keys(pytest.fail)
    # moved back as the message says, it is newer
    kept.rename(older)
    if name.endswith(".png"):
        back = replace(keys)
        back.import_keys(messages.append)
        assert messages[1] == f"{older} was changed by hand and is used instead of {tmp_path}/mine/key 2.png"
        assert (read_image(back.files()[2]) == 5).all()
        assert back.painted_files() == {2: older}


def test_no_replaced_key_is_lost(tmp_path):
    for shade in (3, 4, 5):
        keys = given_keys(tmp_path, picture(10 + shade))
        write_image(keys.pattern.path(2), picture(shade))
        keys.import_keys(lambda text: None)
        assert (read_image(keys.pattern.path(2)) == 10 + shade).all()
    folder = keys.pattern.folder / "replaced"
    kept = {path.name: int(read_image(path)[0, 0, 0]) for path in folder.iterdir()}
    assert kept == {"shot.0002.png": 3, "shot.0002.1.png": 4, "shot.0002.2.png": 5}


def test_given_key_that_changes_replaces_its_own_copy(tmp_path):
    given_keys(tmp_path, picture(1)).import_keys(pytest.fail)
    keys = given_keys(tmp_path, picture(2))
    keys.import_keys(pytest.fail)
    assert (read_image(keys.pattern.path(2)) == 2).all()
    assert not (keys.pattern.folder / "replaced").exists()


def test_key_of_a_kind_that_is_not_read_is_named(tmp_path):
    keys = given_keys(tmp_path, picture(1))
    (tmp_path / "mine/key 3.heic").touch()
    with pytest.raises(PaintedKeyError, match=r"key 3\.heic: expected a key as \.png .*, found \.heic"):
        keys.import_keys(pytest.fail)
    (tmp_path / "mine/key 3.heic").unlink()
    (keys.pattern.folder / "shot.0004.kra").touch()
    with pytest.raises(PaintedKeyError, match=r"shot\.0004\.kra"):
        keys.files()


def test_key_is_read_by_the_names_of_the_plates(tmp_path):
    plates = tuple(tmp_path / f"sh010_{frame:04d}_v3.png" for frame in range(1, FRAMES + 1))
    keys = replace(keys_of(tmp_path, "sh010"), plates=plates)
    write_image(keys.pattern.folder / "sh010_0003_v2.png", picture(1))
    assert list(keys.files()) == [3]
