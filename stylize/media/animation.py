"""Animated pictures: PNG (APNG), which is decoded as a movie, and WebP, which is not decoded."""

import shlex
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from stylize.errors import InputError, ShotError
from stylize.media.clock import DEFAULT_RATE

_PNG = b"\x89PNG\r\n\x1a\n"
_WEBP_ANIMATED = 0x02
# Kinds of pictures that are read as movies if they hold several.
_ANIMATED = (".gif", ".webp")
# Headers of chunks that are read before the pixels must begin.
_MAX_CHUNKS = 1000


def is_animated_png(path: Path) -> bool:
    """Return whether a file is a PNG of several frames. Raises OSError if it is unreadable."""
    with path.open("rb") as file:
        if file.read(8) != _PNG:
            return False
        for _ in range(_MAX_CHUNKS):
            header = file.read(8)
            if header[4:] == b"acTL":
                return int.from_bytes(file.read(4), "big") > 1
            if len(header) < 8 or header[4:] == b"IDAT":
                return False
            file.seek(int.from_bytes(header[:4], "big") + 4, 1)
    return False


def refuse_animated_webp(path: Path) -> None:
    """Raise ShotError with the command that unpacks it if a file is an animated WebP picture.

    Raises OSError if the file is unreadable.
    """
    with path.open("rb") as file:
        start = file.read(21)
        if start[:4] != b"RIFF" or start[8:16] != b"WEBPVP8X" or not start[20] & _WEBP_ANIMATED:
            return
        durations = _webp_durations(file)
    total = sum(durations)
    rate = Fraction(1000 * len(durations), total).limit_denominator(1001) if total else DEFAULT_RATE
    name = shlex.quote(str(path))
    raise ShotError(
        f"{path}: expected a movie, found an animated WebP picture, which cannot be decoded; run mkdir plates && "
        f"oiiotool -a {name} --sisplit -o:all=1 plates/plate.%04d.png, then give plates --rate {rate}"
    )


def _webp_durations(file: BinaryIO) -> list[int]:
    """Return the duration of each frame, in milliseconds."""
    file.seek(12)
    durations = []
    while len(header := file.read(8)) == 8:
        length = int.from_bytes(header[4:], "little")
        after = file.tell() + length + length % 2
        if header[:4] == b"ANMF":
            # Position and size of the frame come first, in 12 bytes.
            durations.append(int.from_bytes(file.read(15)[12:], "little"))
        file.seek(after)
    return durations


def is_animation(path: Path) -> bool:
    """Return whether a picture file holds several pictures. False for unreadable files: reading reports why."""
    from stylize.media.images import has_several_pictures

    try:
        return has_several_pictures(path) if path.suffix.lower() in _ANIMATED else is_animated_png(path)
    except (OSError, InputError):
        return False
