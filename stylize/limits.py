"""Limits of what a single input may ask for, in one place. A file that asks for more is refused before memory is
allocated.

A header of a few hundred bytes can declare a picture of many gigabytes, and a word on the command line can name a
billion frames. The limits lie far above what footage needs. ``--max-megapixels`` raises that of pixels, for this
process; the others are fixed.
"""

# Pixels of one picture; 8K has 33 million.
MEGAPIXELS = 100
MOST_MEGAPIXELS = 10_000
# Frames that one option names, which is ten days at 24 frames per second.
FRAMES = 20_000_000
# Digits of a frame number: those of the largest 64-bit integer, less one.
FRAME_DIGITS = 18
# Frames per second, and digits of the two parts of a rate.
RATE, RATE_DIGITS = 1_000_000, 12
THREADS = 1024
PROCESSES = 256

_megapixels = MEGAPIXELS


def allow_megapixels(megapixels: int | None) -> None:
    """Set the largest picture, in millions of pixels, that this process reads; None for the default."""
    global _megapixels
    _megapixels = megapixels or MEGAPIXELS


def oversize(width: int, height: int) -> str | None:
    """Return the end of a message about a picture with too many pixels; None if it is within the limit."""
    if width * height <= _megapixels * 10**6:
        return None
    needed = -(-width * height // 10**6)
    remedy = (
        f"reduce it, or raise the limit with --max-megapixels {needed}" if needed <= MOST_MEGAPIXELS else "reduce it"
    )
    return f"expected at most {_megapixels} million pixels, found {width}x{height}; {remedy}"
