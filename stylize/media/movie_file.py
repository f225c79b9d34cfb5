"""Safe opening of movie files, which reads no other file or server that an untrusted file refers to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer

# Formats that refer to other files or servers or contain programs: playlists, stream descriptions, scripts.
_REFERRING = frozenset(
    {
        "avisynth", "concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "vapoursynth", "vobsub",
        "webm_dash_manifest",
    }
)  # fmt: skip


def open_movie_file(path: Path, **options: Any) -> "InputContainer":
    """Open a movie. Playlists and similar formats are rejected.

    options: arguments of ``av.open``. Raises av.FFmpegError, OSError or ValueError.
    """
    import av

    # "file:" keeps a name such as take:2.mp4 from being read as a protocol.
    formats = ",".join(sorted(av.formats_available - _REFERRING))
    return av.open(f"file:{path}", options={"format_whitelist": formats, "protocol_whitelist": "file"}, **options)
