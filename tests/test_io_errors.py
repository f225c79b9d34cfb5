"""What is told of a file that cannot be written."""

import errno
import os

import numpy as np
import pytest

from stylize import io_errors
from stylize.errors import OutputError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.images import write_image


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, r"the disk is full; free some space"),
        (errno.EACCES, r"out does not allow it; fix its permissions, or choose another project with --project FOLDER$"),
        (errno.EROFS, r"out does not allow it"),
        (errno.ENOTDIR, r"a file stands where a folder is needed"),
        (errno.EISDIR, r"it is a folder"),
        (errno.ENOENT, r"the folder .*out has gone"),
        (errno.EIO, r"\(Input/output error\); free space or check the disk"),
    ],
)
def test_each_reason_has_its_own_remedy(tmp_path, number, told):
    error = output_error(OSError(number, os.strerror(number)), tmp_path / "out" / "a.png", PROJECT_OPTION)
    with pytest.raises(OutputError, match=told):
        raise error
    assert "\n" not in str(error)
    assert ("space" in str(error)) == (number in (errno.ENOSPC, errno.EIO))


def test_what_a_library_does_not_say_is_looked_for(tmp_path, monkeypatch):
    nothing = OSError("libfoo:\n failed")
    assert "has gone" in str(output_error(nothing, tmp_path / "gone" / "a.png"))
    (tmp_path / "file").write_text("")
    assert "a file stands" in str(output_error(nothing, tmp_path / "file" / "a.png"))
    assert "is a folder" in str(output_error(nothing, tmp_path))
    assert "(libfoo: failed)" in str(output_error(nothing, tmp_path / "a.png"))
    monkeypatch.setattr(io_errors.os, "access", lambda *_: False)
    assert "does not allow it" in str(output_error(nothing, tmp_path / "a.png"))


def test_a_picture_for_a_locked_folder_is_not_told_to_lack_room(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("stylize.media.images.writing._write_with_oiio", refused)
    with pytest.raises(OutputError, match=r"a\.png cannot be written: .* does not allow it") as told:
        write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert "space" not in str(told.value)


def test_a_folder_under_the_name_of_a_picture_is_told(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"a\.png cannot be written: it is a folder"):
        write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
