"""Whether a picture that was just written is whole."""

from pathlib import Path

from stylize.media.images.stored import first_line


def check_written(path: Path, parts: int = 1) -> None:
    """OSError unless the last line of every part of a picture that was just written can be read again.

    OpenImageIO's writers for EXR and TIFF do not tell when what they held back to the end finds no room: a file of few
    bytes is left empty, another one without its end.
    """
    import OpenImageIO

    source = OpenImageIO.ImageInput.open(str(path))
    if source is None:
        raise OSError(f"what was written cannot be read again ({first_line(OpenImageIO.geterror())})")
    try:
        for part in range(parts):
            found = source.seek_subimage(part, 0)
            spec = source.spec()
            last = spec.y + spec.height
            line = source.read_scanlines(part, 0, last - 1, last, 0, 0, spec.nchannels, str(spec.format))
            if not found or line is None:
                raise OSError(f"what was written cannot be read again ({first_line(source.geterror())})")
    finally:
        source.close()
