"""Makes readme.png and styles.png: ``python examples/readme_picture.py``."""

import tempfile
from pathlib import Path

import cv2
import numpy as np

import stylize
from stylize.media.images import read_image, write_image

HERE = Path(__file__).parent
FRAMES = (9, 27, 43)
TILE, GAP = (400, 225), 8


def read_resized(path: Path, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(read_image(path)[..., :3], size, interpolation=cv2.INTER_AREA)


def add_gap(tile: np.ndarray, below: int = 0) -> np.ndarray:
    return cv2.copyMakeBorder(tile, 0, below, GAP, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        draw_readme(Path(folder))
        draw_styles(Path(folder))


def draw_readme(folder: Path) -> None:
    project = folder / "bunny.stylize"
    result = stylize.run(HERE / "bunny.mp4", style=HERE / "oil.png", project=project)
    high = 2 * TILE[1] + GAP
    reference = read_resized(HERE / "oil.png", (high * 4 // 3, high))
    plates = [read_resized(project / "video" / result.frames[f].name, TILE) for f in FRAMES]
    frames = [read_resized(result.frames[f], TILE) for f in FRAMES]
    upper = np.hstack([add_gap(tile, below=GAP) for tile in plates])
    lower = np.hstack([add_gap(tile) for tile in frames])
    picture = np.hstack([reference, np.vstack([upper, lower])])
    smaller = cv2.resize(picture, None, fx=0.72, fy=0.72, interpolation=cv2.INTER_AREA)
    write_image(HERE / "readme.png", np.ascontiguousarray(smaller))


def draw_styles(folder: Path) -> None:
    """The three references and the same frame painted after each."""
    columns = []
    for name in ("oil", "ink", "watercolour"):
        project = folder / f"{name}.stylize"
        style = HERE / f"{name}.png"
        result = stylize.run(HERE / "bunny.mp4", style=style, project=project, frames="40", to_stage="propagate")
        reference = read_resized(style, (TILE[0], TILE[0] * 3 // 4))
        columns.append(add_gap(np.vstack([add_gap(reference, GAP), add_gap(read_resized(result.frames[40], TILE))])))
    picture = np.hstack(columns)[:, GAP:]
    smaller = cv2.resize(picture, None, fx=0.72, fy=0.72, interpolation=cv2.INTER_AREA)
    write_image(HERE / "styles.png", np.ascontiguousarray(smaller))


if __name__ == "__main__":
    main()
