"""Formats of movies: those that can refer to other files or servers are never opened."""

from pathlib import Path

import av
import pytest

from stylize.errors import ShotError
from stylize.media.movie_file import FORMATS
from stylize.media.opening import open_shot
from tests.clips import picture, write_movie

REFERRING = {"concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "vobsub", "webm_dash_manifest"}


def test_formats_exist_and_refer_to_nothing() -> None:
    assert set(FORMATS) <= set(av.formats_available)
    assert not REFERRING & set(FORMATS)


@pytest.mark.parametrize("name", ["a.mp4", "a.m3u8", "a.mov"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{0}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{0}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
    ],
)
def test_list_of_other_files_is_no_movie_under_any_name(tmp_path: Path, text: str, name: str) -> None:
    other = write_movie(tmp_path / "other.ts", [picture(0)], codec="mpeg2video", layout="yuv420p", options={})
    (tmp_path / name).write_text(text.format(other), encoding="ascii")
    with pytest.raises(ShotError, match="not a readable movie"):
        open_shot(tmp_path / name)
