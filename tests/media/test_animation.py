"""Animated PNG and WebP."""

import re
import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from zlib import crc32

import av
import numpy as np
import pytest

from propagate.arrays import Pixels
from stylize.errors import SequenceError, ShotError
from stylize.media.images import read_image, write_image
from stylize.media.opening import open_shot
from tests.clips import picture
from tests.media.shots import PICTURES, off_by, read, with_alpha

RATE = Fraction(25)


def animate(path: Path, pictures: list[Pixels], codec: str, container: str, layout: str) -> Path:
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = layout
        for index, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(pixels, "rgba" if pixels.shape[2] == 4 else "rgb24")
            frame = frame.reformat(format=layout)
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


@pytest.mark.parametrize("alpha", [False, True])
def test_animated_png_is_a_movie_whatever_its_suffix(tmp_path: Path, alpha: bool) -> None:
    pictures = [with_alpha(index) for index in range(4)] if alpha else PICTURES[:4]
    path = animate(tmp_path / "a.png", pictures, "apng", "apng", "rgba" if alpha else "rgb24")
    shot = open_shot(path, strict=True)
    assert (shot.kind, shot.frames, shot.rate, shot.alpha) == ("movie", (1, 2, 3, 4), RATE, alpha)
    for found, expected in zip(read(shot), pictures, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_truncated_animated_png_is_reported(tmp_path: Path) -> None:
    path = animate(tmp_path / "a.png", PICTURES, "apng", "apng", "rgb24")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    shot = open_shot(path)
    assert 2 <= len(shot.frames) <= 6
    assert shot.warnings == (f"a.png: the movie is truncated: {len(shot.frames)} frames could be read",)


def test_png_of_one_frame_is_a_picture(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", PICTURES[0])
    header, rest = (data := (tmp_path / "a.png").read_bytes())[:33], data[33:]
    control = b"acTL" + (1).to_bytes(4, "big") + bytes(4)
    (tmp_path / "b.png").write_bytes(header + bytes([0, 0, 0, 8]) + control + crc32(control).to_bytes(4, "big") + rest)
    for name in ("a.png", "b.png"):
        shot = open_shot(tmp_path / name)
        assert shot.kind == "sequence"
        np.testing.assert_array_equal(read(shot)[0], PICTURES[0])


def test_animated_png_in_a_sequence_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a.0001.png", PICTURES[0])
    animate(tmp_path / "a.0002.png", PICTURES[:3], "apng", "apng", "rgb24")
    with pytest.raises(SequenceError, match=r"a\.0002\.png: expected one picture, found an animated PNG; give it"):
        open_shot(tmp_path)


def test_command_in_the_message_unpacks_an_animated_webp(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    smooth = [picture(index, (64, 48)) for index in range(3)]
    path = animate(folder / "a.webp", smooth, "libwebp_anim", "webp", "yuv420p")
    with pytest.raises(ShotError, match=r"^[^\n]*found an animated WebP[^\n]*then give plates --rate 25$") as error:
        open_shot(path)
    command = re.findall(r"oiiotool (.*), then", str(error.value))[0]
    (tmp_path / "plates").mkdir()
    tool = Path(sys.executable).with_name("oiiotool")
    subprocess.run([tool, *shlex.split(command)], cwd=tmp_path, check=True, timeout=60)
    for index, file in enumerate(sorted((tmp_path / "plates").iterdir())):
        assert off_by(read_image(file)[..., :3], smooth[index]) < 40
    assert len(open_shot(tmp_path / "plates", rate=RATE).frames) == 3
