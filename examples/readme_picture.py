"""Make readme.gif and the gallery of the documentation: ``python examples/readme_picture.py [readme] [gallery]``.

readme.gif shows the reference and the example shot, whose plates a moving line replaces by the result. It is a GIF
because GitHub and every browser play one. The same result gives the same file.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data
from av.error import BlockingIOError as NoFrameYetError
from av.error import EOFError as EndError

import stylize
from stylize.media.images import read_image, write_image

HERE = Path(__file__).parent
# The animation: every second frame of the shot at 10 frames per second, four fifths of its speed.
SIZE, GAP, EVERY, RATE = (448, 252), 6, 2, 10
# Share of the animation in which the line crosses the picture; before it is the plate, after it the result.
WIPE = (0.1, 0.75)
LINE = 2
MAX_BYTES = 2_000_000
# The gallery: two bands of columns. A column shows a reference, a person and the rabbit; the first column, the plates.
GALLERY = HERE.parent / "docs" / "pictures" / "gallery.jpg"
WIDTH, TILE_GAP = 236, 6
BLANK = (WIDTH * 3 // 4, WIDTH, 3)
BANDS = (("", "oil", "ink", "watercolour", "pastel"), ("pencil", "cel", "charcoal", "woodcut", "pixel"))
STILL_FRAME = 40


def main(names: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if not names or "gallery" in names:
            write_jpeg(GALLERY, draw_gallery(Path(folder)))
        if not names or "readme" in names:
            write_gif(HERE / "readme.gif", list(draw_wipe(Path(folder))))


def read_resized(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read a picture as uint8 (H, W, 3) at (width, height)."""
    return cv2.resize(read_image(path)[..., :3], size, interpolation=cv2.INTER_AREA)


def draw_wipe(folder: Path) -> Iterator[np.ndarray]:
    """Yield the frames of the animation, uint8 (H, W, 3): the reference, and the shot from plate to result."""
    project = folder / "wipe.stylize"
    result = stylize.run(HERE / "bunny.mp4", style=HERE / "oil.png", project=project)
    numbers = sorted(result.frames)[::EVERY]
    reference = read_resized(HERE / "oil.png", (SIZE[1] * 4 // 3, SIZE[1]))
    gap = np.full((SIZE[1], GAP, 3), 255, np.uint8)
    for place, number in enumerate(numbers):
        styled = result.frames[number]
        plate = read_resized(project / "video" / styled.name, SIZE)
        wiped = wipe(plate, read_resized(styled, SIZE), line_position(place / (len(numbers) - 1)))
        yield np.hstack([reference, gap, wiped])


def line_position(time: float) -> float:
    """Return the share of the width that still shows the plate at a time, both 0 to 1: a smooth start and stop."""
    moved = np.clip((time - WIPE[0]) / (WIPE[1] - WIPE[0]), 0, 1)
    return float(1 - moved * moved * (3 - 2 * moved))


def wipe(plate: np.ndarray, styled: np.ndarray, share: float) -> np.ndarray:
    """Show the plate left of a white line, and the result right of it. share: part of the width left of the line."""
    column = round((plate.shape[1] + 2 * LINE) * share) - LINE
    wiped = np.where(np.arange(plate.shape[1])[None, :, None] < column, plate, styled)
    wiped[:, max(column - LINE, 0) : max(column + LINE, 0)] = 255
    return wiped


def write_gif(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Write a GIF that repeats, with one palette for all frames; raise ValueError for more than MAX_BYTES."""
    height, width = frames[0].shape[:2]
    step = Fraction(1, RATE)
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format="rgb24", time_base=step)
    split, sink = graph.add("split"), graph.add("buffersink")
    palette = graph.add("palettegen", "stats_mode=full")
    # Without dithering: its noise takes space, and brushwork hides the steps between colours.
    paint = graph.add("paletteuse", "dither=none")
    source.link_to(split)
    split.link_to(palette, 0)
    split.link_to(paint, 1, 0)
    palette.link_to(paint, 0, 1)
    paint.link_to(sink)
    graph.configure()
    for number, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = number, step
        source.push(frame)
    source.push(None)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("gif", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        for frame in (*filtered(sink), None):
            container.mux(stream.encode(frame))
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES} bytes, found {path.stat().st_size}; make SIZE smaller")


def filtered(sink: av.filter.context.FilterContext) -> Iterator[av.VideoFrame]:
    """Yield the frames that a filter graph has ready."""
    while True:
        try:
            yield sink.pull()
        except (NoFrameYetError, EndError):
            return


def draw_gallery(folder: Path) -> np.ndarray:
    """Return the gallery: uint8 (H, W, 3)."""
    person = folder / "person" / "plate.0001.png"
    person.parent.mkdir()
    write_image(person, skimage.data.astronaut())
    shots = {"person": (person.parent, 1), "rabbit": (HERE / "bunny.mp4", STILL_FRAME)}
    bands = [np.hstack([draw_column(folder, shots, name) for name in names]) for names in BANDS]
    return np.vstack(bands)[:-TILE_GAP, :-TILE_GAP]


def draw_column(folder: Path, shots: Mapping[str, tuple[Path, int]], name: str) -> np.ndarray:
    """Return a reference, and a frame of each shot painted in its style; without a name, the plates of these frames."""
    cells = [read_resized(HERE / f"{name}.png", (WIDTH, WIDTH * 3 // 4)) if name else np.full(BLANK, 255, np.uint8)]
    for shot, (source, frame) in shots.items():
        project = folder / f"{shot}-{name or 'oil'}.stylize"
        result = stylize.run(
            source, style=HERE / f"{name or 'oil'}.png", project=project, frames=str(frame), to_stage="propagate"
        )
        painted = result.frames[frame]
        plates = source if source.is_dir() else project / "video"
        path = painted if name else plates / painted.name
        cells.append(read_resized(path, fitted(read_image(path).shape)))
    return np.vstack([np.pad(cell, ((0, TILE_GAP), (0, TILE_GAP), (0, 0)), constant_values=255) for cell in cells])


def fitted(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the size, width and height, of a picture that fills a column."""
    return WIDTH, round(WIDTH * shape[0] / shape[1])


def write_jpeg(path: Path, picture: np.ndarray) -> None:
    """Write uint8 (H, W, 3) as a JPEG."""
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(sys.argv[1:])
