"""Error messages for files that cannot be written."""

import errno
import os

import numpy as np
import pytest

from stylize import io_errors
from stylize.errors import OutputError
from stylize.io_errors import PROJECT_OPTION, output_error
from stylize.media.images import write_image


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"the disk is full; free some space"),
        (errno.EACCES, r"out does not allow it; fix its permissions, or choose another project with --project FOLDER$"),
        (errno.EROFS, r"out does not allow it"),
        (errno.ENOTDIR, r"a file exists where a folder is needed"),
        (errno.EISDIR, r"it is a folder"),
        (errno.ENOENT, r"the folder .*out no longer exists"),
        (errno.EIO, r"\(Input/output error\); free space or check the disk"),
    ],
)
def test_each_cause_has_its_own_remedy(tmp_path, number, message):
    error = output_error(OSError(number, os.strerror(number)), tmp_path / "out" / "a.png", PROJECT_OPTION)
    with pytest.raises(OutputError, match=message):
        raise error
    assert "\n" not in str(error)
    assert ("space" in str(error)) == (number in (errno.ENOSPC, errno.EIO))


def test_cause_of_an_unspecific_library_error_is_found(tmp_path, monkeypatch):
    nothing = OSError("libfoo:\n failed")
    assert "no longer exists" in str(output_error(nothing, tmp_path / "gone" / "a.png"))
    (tmp_path / "file").write_text("")
    assert "a file exists where a folder" in str(output_error(nothing, tmp_path / "file" / "a.png"))
    assert "is a folder" in str(output_error(nothing, tmp_path))
    assert "(libfoo: failed)" in str(output_error(nothing, tmp_path / "a.png"))
    monkeypatch.setattr(io_errors.os, "access", lambda *_: False)
    assert "does not allow it" in str(output_error(nothing, tmp_path / "a.png"))


def test_read_only_folder_is_not_reported_as_a_full_disk(tmp_path, monkeypatch):
    def write_refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("stylize.media.images.writing._write_with_oiio", write_refused)
    with pytest.raises(OutputError, match=r"a\.png cannot be written: .* does not allow it") as error:
        write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert "space" not in str(error.value)


def test_folder_with_the_name_of_a_picture_is_reported(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OutputError, match=r"a\.png cannot be written: it is a folder"):
        write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
