"""Damaged and truncated files, files that are not movies, and memory."""

import gc
import re
from pathlib import Path

import av
import numpy as np
import pytest

from stylize.errors import ShotError
from stylize.media.opening import open_shot
from stylize.media.shot import read_frames
from tests.clips import FILM_RATE, picture, write_movie
from tests.media.shots import PICTURES, read


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "codec", "layout"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.avi", "ffv1", "yuv420p"),
    ],
)
def test_truncated_movie_gives_its_readable_frames_with_a_warning(
    tmp_path: Path, name: str, codec: str, layout: str
) -> None:
    noise = [np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8) for index in range(24)]
    front = {"movflags": "faststart"} if name in ("a.mp4", "a.mov") else {}
    path = write_movie(tmp_path / name, noise, codec=codec, layout=layout, options={}, container=front)
    whole = read(open_shot(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    shot = open_shot(path)
    assert 8 <= len(shot.frames) < 20
    assert (shot.rate, shot.variable) == (FILM_RATE, False)
    assert f"{name}: the movie is truncated: {len(shot.frames)}" in shot.warnings[0]
    for found, expected in zip(read(shot), whole, strict=False):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(ShotError, match=r"^[^\n]*truncated[^\n]*$"):
        open_shot(path, strict=True)


def test_movie_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", PICTURES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ShotError, match="truncated and its index is missing"):
        open_shot(path)


def test_movie_damaged_in_the_middle_gives_a_warning(tmp_path: Path) -> None:
    noise = [np.random.default_rng(index).integers(0, 255, (48, 64, 3), np.uint8) for index in range(24)]
    path = write_movie(tmp_path / "a.mov", noise, codec="png", layout="rgb24", options={})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 500] = bytes(500)
    path.write_bytes(data)
    shot = open_shot(path)
    assert len(shot.frames) == 24
    assert re.search(r"a\.mov: frames? 1[1-4].* not decodable", shot.warnings[0])
    assert len(read(shot)) == 24


@pytest.mark.parametrize("content", [b"", b"only words, no movie\n" * 50, bytes(5000)])
def test_file_that_is_not_a_movie_is_refused(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ShotError, match=r"^[^\n]*a\.mp4: not a readable movie[^\n]*$"):
        open_shot(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.avi", "ffv1")])
def test_movie_without_frames_is_refused(tmp_path: Path, name: str, codec: str) -> None:
    with av.open(str(tmp_path / name), "w") as output:
        stream = output.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.start_encoding()
    with pytest.raises(ShotError, match=r"no video stream|no decodable frame"):
        open_shot(tmp_path / name)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        output.mux(stream.encode(sound))
    with pytest.raises(ShotError, match="no video stream"):
        open_shot(path)


@pytest.mark.parametrize("name", ["none.mp4", "none", "none.####.xcf"])
def test_missing_movie_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ShotError, match=r"^[^\n]*no such file[^\n]*; check the (path|name)$"):
        open_shot(tmp_path / name)


@pytest.mark.parametrize("name", ["take 3: Überblick – 映画.mp4", "me@home.mp4", "50%d take #3.mp4", "file:a.mp4"])
def test_names_with_spaces_signs_and_other_alphabets_work(tmp_path: Path, name: str) -> None:
    made = write_movie(tmp_path / "a.mp4", PICTURES[:3])
    shot = open_shot(made.rename(tmp_path / name))
    assert shot.name == name.removesuffix(".mp4")
    assert len(read(shot)) == 3


def test_movie_that_became_shorter_is_an_error(tmp_path: Path) -> None:
    shot = open_shot(write_movie(tmp_path / "a.mp4", PICTURES))
    write_movie(tmp_path / "a.mp4", PICTURES[:5])
    with pytest.raises(ShotError, match="frame 6 can no longer be decoded"):
        read(shot)


@pytest.mark.slow
def test_decoded_frames_are_freed_without_garbage_collection(tmp_path: Path) -> None:
    """Free each decoded frame at once: in a reference cycle, memory would grow with the length of the movie."""
    path = write_movie(tmp_path / "a.mp4", [picture(index % 24) for index in range(60)])
    gc.collect()
    gc.disable()
    try:
        for _ in read_frames(open_shot(path)):
            pass
        alive = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert alive <= 4
