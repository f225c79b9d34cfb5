import numpy as np
import pytest

from stylize.errors import OutputError
from stylize.spans.array_file import is_intact, load_arrays, save_arrays

ARRAYS = {"one": np.arange(6, dtype=np.float16).reshape(2, 3), "other": np.uint8(7) * np.ones((2, 2, 3), np.uint8)}


def test_stored_arrays_read_back_unchanged(tmp_path):
    save_arrays(tmp_path / "a.npz", ARRAYS)
    back = load_arrays(tmp_path / "a.npz")
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]


def test_changed_and_missing_bytes_are_detected(tmp_path):
    file = tmp_path / "a.npz"
    save_arrays(file, ARRAYS)
    good = file.read_bytes()
    for at in range(0, len(good), 7):
        file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert not is_intact(file)
        file.write_bytes(good[:at])
        assert not is_intact(file)
    file.write_bytes(good)
    assert is_intact(file)
    file.unlink()
    assert not is_intact(file)
    with pytest.raises(OSError, match=r"a\.npz"):
        load_arrays(file)


def test_unsupported_arrays_are_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        save_arrays(tmp_path / "file" / "a.npz", ARRAYS)
