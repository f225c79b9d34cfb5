import numpy as np

from stylize.media.images import read_image
from stylize.spans.pass_maps import write_error, write_share


def test_error_map_is_the_square_root_in_16_bits(tmp_path):
    write_error(tmp_path / "e.png", np.array([[0, 0.25], [1, 4]], np.float32))
    assert read_image(tmp_path / "e.png")[..., 0].tolist() == [[0, 32768], [65535, 65535]]


def test_share_is_stored_in_8_bits(tmp_path):
    write_share(tmp_path / "s.png", np.array([[0, 0.5], [1, 2]], np.float32))
    read = read_image(tmp_path / "s.png")
    assert read.dtype == np.uint8
    assert read[..., 0].tolist() == [[0, 128], [255, 255]]
