"""Painting on a key from the page: the key is sent losslessly, and strokes come back as a layer of paint."""

import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from masks.composite import over
from propagate.arrays import F32, Pixels
from stylize.errors import InputError, PaintedKeyError, ProjectError, ReviewError
from stylize.io_errors import PROJECT_OPTION
from stylize.key_painting import KeyFile, KeyPainting, open_painting, save_painting
from stylize.media.colour import BT709
from stylize.media.images import convert_primaries, image_info, make_folder, read_image, to_float, widen
from stylize.media.safe_write import atomic_write
from stylize.media.shot import Shot, read_plate
from stylize.project.digests import digest_of
from stylize.project.layout import LOCK_FILE
from stylize.project.lock import exclusive
from stylize.review.key_change import KeyChange, check_frame
from stylize.review.key_files import key_file, painted_part
from stylize.review.shown_project import Part, ShownProject
from stylize.settings.references import shell_word
from stylize.visible_text import visible


@dataclass(frozen=True)
class SentPainting:
    """Key for the page. size: (width, height) in pixels. depth: bits of the key, 8 or 16. version: of the painting.

    body: compressed with zlib: the paint, RGBA of 16 bits, unless there is none; then the key below it, RGB of
    ``depth`` bits, both for a display of BT.709 primaries; little-endian, row by row.
    """

    size: tuple[int, int]
    depth: int
    version: str
    has_paint: bool
    is_rendered: bool
    is_full_size: bool
    body: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the response."""
        values = {
            "width": self.size[0], "height": self.size[1], "depth": self.depth, "paint": int(self.has_paint),
            "rendered": int(self.is_rendered), "full": int(self.is_full_size), "version": self.version,
        }  # fmt: skip
        return {f"x-{name}": str(value) for name, value in values.items()}


@dataclass(frozen=True)
class Strokes:
    """Paint of a rectangle from the page. left, top: its place. version: of the painting that it was made on."""

    left: int
    top: int
    version: str
    content: bytes


@dataclass
class OpenPaintings:
    """Painting that was opened last. Each stroke is merged into it without reading the key again.

    The rendered key that was opened last is remembered: if another program paints over it, it can still be restored.
    """

    _opened: KeyPainting | None = None
    _rendered: tuple[Path, bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, project: ShownProject, frame: int, part: str) -> SentPainting:
        """Return a key for the page. Raises ReviewError for a frame whose key has no picture yet."""
        with self._lock:
            shown, opened = self._open(project, frame, part)
            picture = opened.picture
            below = _for_display(_on_plate(picture.below, project, shown, frame), project.shot)
            has_paint = bool(picture.paint[..., 3].any())
        parts = [picture.paint.astype("<u2")] if has_paint else []
        data = b"".join(one.tobytes() for one in (*parts, below.astype(below.dtype.newbyteorder("<"))))
        return SentPainting(
            (below.shape[1], below.shape[0]), 8 * below.dtype.itemsize, _version(opened), has_paint,
            opened.is_rendered, shown.base == project.root, zlib.compress(data, 1),
        )  # fmt: skip

    def save(self, project: ShownProject, frame: int, part: str, strokes: Strokes) -> tuple[KeyChange, str]:
        """Store strokes, and return the change and the version of the painting after it.

        Raises PaintedKeyError for strokes that are not a picture inside the key, or that were made on another version.
        """
        with self._lock, _locked_unless_running(project.root):
            _, opened = self._open(project, frame, part)
            if strokes.version != _version(opened):
                raise PaintedKeyError(
                    f"the key of frame {frame} has changed in the meantime; its new picture is loaded"
                )
            paint = opened.picture.paint.copy()
            given = _read_strokes(strokes.content)
            rows = slice(strokes.top, strokes.top + given.shape[0])
            columns = slice(strokes.left, strokes.left + given.shape[1])
            if min(strokes.left, strokes.top) < 0 or paint[rows, columns].shape != given.shape:
                raise PaintedKeyError("expected strokes inside the key; reload the page")
            paint[rows, columns] = given
            self._opened = opened = save_painting(opened, paint)
        return KeyChange(_command(opened)), _version(opened)

    def _open(self, project: ShownProject, frame: int, part: str) -> tuple[Part, KeyPainting]:
        check_frame(project, frame)
        shown = painted_part(project, project.part(part), frame)
        file = key_file(project, shown, frame)
        if file is None:
            raise ReviewError(f"frame {frame} has no key to paint on; add it and run, or use a picture")
        if not project.holds(file.path):
            raise ReviewError("expected a file of the project, found a link that leaves it; replace it by a copy")
        known = self._opened
        if known is None or known.file != file or known.digest != digest_of(file.path):
            self._remember(file)
            self._opened = known = open_painting(file, project.shot.colour)
        return shown, known

    def _remember(self, file: KeyFile) -> None:
        """Remember a rendered key, or store the remembered one below the paint of another program."""
        if not file.is_painted:
            self._rendered = file.target, file.path.read_bytes()
        elif self._rendered is not None and self._rendered[0] == file.target and not file.below.is_file():
            make_folder(file.below.parent)
            with atomic_write(file.below, PROJECT_OPTION) as partial:
                partial.write_bytes(self._rendered[1])


@contextmanager
def _locked_unless_running(root: Path) -> Iterator[None]:
    """Lock a project. During a run, a key is still saved, as another program would save it."""
    with ExitStack() as stack:
        with suppress(ProjectError):
            stack.enter_context(exclusive(root / LOCK_FILE))
        yield


def _version(painting: KeyPainting) -> str:
    return f"{painting.digest}{zlib.crc32(np.ascontiguousarray(painting.picture.paint).data):08x}"


def _read_strokes(content: bytes) -> Pixels:
    """Return strokes as straight RGBA, uint16 (H, W, 4)."""
    with TemporaryDirectory(prefix="stylize-review-") as folder:
        path = Path(folder) / "strokes.png"
        path.write_bytes(content)
        try:
            # The header is read first, which bounds the number of pixels that are decoded.
            info = image_info(path)
            if not content.startswith(b"\x89PNG") or (info.depth, info.alpha, info.tagged) != (16, True, False):
                raise PaintedKeyError("expected strokes as a PNG of 16 bits with alpha; reload the page")
            return np.ascontiguousarray(read_image(path, BT709, untagged=BT709))
        except InputError as error:
            raise PaintedKeyError("expected strokes as a PNG, found a damaged file; reload the page") from error


def _on_plate(picture: Pixels, project: ShownProject, part: Part, frame: int) -> Pixels:
    """Return a key as the result shows it: over its plate where it is transparent. RGB (H, W, 3)."""
    if picture.shape[2] == 3 or picture[..., 3].min() == np.iinfo(picture.dtype).max:
        return np.ascontiguousarray(picture[..., :3])
    path = project.plate(part, frame)
    if path is None:
        return np.ascontiguousarray(picture[..., :3])
    shot = project.shot
    plate = read_plate(path, shot) if path in shot.files else read_image(path, shot.colour, untagged=shot.colour)
    if plate.shape[:2] != picture.shape[:2]:
        return np.ascontiguousarray(picture[..., :3])
    foreground, background = (np.ascontiguousarray(widen(one[..., :3], 16, False)) for one in (picture, plate))
    return over(foreground, background, to_float(picture[..., 3]).astype(F32))


def _for_display(pixels: Pixels, shot: Shot) -> Pixels:
    return pixels if shot.colour.has_rec709_primaries else convert_primaries(pixels, shot.colour, BT709)


def _command(painting: KeyPainting) -> str:
    file = painting.file
    if not file.is_painted:
        return visible(f"rm {shell_word(str(file.target))}")
    return visible(f"cp painted.png {shell_word(str(file.target))}")
