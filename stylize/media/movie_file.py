"""Safe opening of movie files, which reads no other file or server that an untrusted file refers to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer

# Containers and streams of video, and of sound alone, which later gets a better message. All others are refused:
# playlists, stream descriptions and scripts refer to other files or servers or contain programs.
FORMATS = (
    "aiff", "apng", "asf", "av1", "avi", "dv", "flac", "flv", "gif", "gxf", "h264", "hevc", "ivf", "m4v", "matroska",
    "mjpeg", "mov", "mp3", "mpeg", "mpegts", "mpegvideo", "mxf", "nut", "obu", "ogg", "vc1", "wav", "webm",
    "yuv4mpegpipe",
)  # fmt: skip


def open_movie_file(path: Path, **options: Any) -> "InputContainer":
    """Open a movie in one of FORMATS.

    options: arguments of ``av.open``. Raises av.FFmpegError, OSError or ValueError.
    """
    import av

    # "file:" keeps a name such as take:2.mp4 from being read as a protocol.
    allowed = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    return av.open(f"file:{path}", options=allowed, **options)
