"""Mattes of a shot, which limit where the style is applied. Read as data, never as colour."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from masks.extent import Extent, extent
from masks.feather import feather
from masks.grow import grow
from masks.prompts import Box, Prompt
from propagate.arrays import Floats
from stylize.errors import FrameRangeError, InputError, MatteError
from stylize.ingest.unpacking import unpack, unpack_once
from stylize.media.companions import Companion
from stylize.media.images import image_info, read_values
from stylize.media.sequences import format_frames
from stylize.media.shot import Shot
from stylize.project import Project
from stylize.settings import Settings
from stylize.settings.network_matte import format_prompt, is_network_matte, read_network_matte
from stylize.settings.option_types import ALPHA
from stylize.stages import cache_key

# Subfolder of the project's mattes for those that a network finds.
NETWORK_FOLDER = "auto"

_MATTE = Companion("matte", MatteError)
# Number of channels of a file with alpha, grey or coloured.
_WITH_ALPHA = (2, 4)
# Name of the cached extents in the project's state.
_SURVEY = "mattes"


@dataclass(frozen=True)
class Shaping:
    """Operations on a matte as it is read, in this order. grow: pixels, negative to shrink. feather: pixels."""

    invert: bool = False
    grow: int = 0
    feather: int = 0

    def shape(self, matte: Floats) -> Floats:
        """Return the matte inverted, grown or shrunk, and feathered: float32 (H, W) in [0, 1]."""
        inverted = np.ascontiguousarray(1 - matte if self.invert else matte, np.float32)
        return feather(grow(inverted, self.grow), self.feather)

    def parameters(self) -> list[int]:
        """Return all that the result depends on besides the matte, for cache keys."""
        return [int(self.invert), self.grow, self.feather]


@dataclass(frozen=True)
class Mattes:
    """One matte for every frame of a shot; the files in `paths` hold all that `read` depends on, except `shaping`.

    `by_alpha`: the matte is the files' alpha, 1 in files that have none; else their grey value.
    """

    paths: Mapping[int, Path]
    size: tuple[int, int]
    by_alpha: bool = False
    shaping: Shaping = Shaping()

    def read(self, frame: int) -> Floats:
        """Read a frame: float32 (H, W) in [0, 1], 1 where the style is applied; MatteError if missing or unusable."""
        path = _MATTE.file_of(self.paths, frame)
        values = _values(path)
        _MATTE.check_size(path, (values.shape[1], values.shape[0]), self.size)
        colours = values.shape[2] - (values.shape[2] in _WITH_ALPHA)
        if not self.by_alpha:
            # The mean, not luminance: the mean of three equal values is bit-identical to them.
            return self.shaping.shape(values[..., :colours].mean(axis=2) if colours > 1 else values[..., 0])
        opaque = np.ones(values.shape[:2], np.float32)
        return self.shaping.shape(values[..., -1] if values.shape[2] in _WITH_ALPHA else opaque)

    def cache_inputs(self, frames: Iterable[int], digest: Callable[[Path], str]) -> list[object]:
        """Return all that `read` depends on for some frames, for cache keys. digest: of a file's contents."""
        return [*self.shaping.parameters(), self.by_alpha, *(digest(self.paths[frame]) for frame in frames)]


def shaping_of(settings: Settings) -> Shaping:
    """Return what the options ask to be done to mattes."""
    return Shaping(settings.matte_invert, settings.matte_grow - settings.matte_shrink, settings.matte_feather)


def mattes_from_files(shot: Shot, settings: Settings, project: Project) -> Mattes | None:
    """Open the mattes that are files; None without any, and for mattes that come from the plates.

    Checks requests for the latter too, before the plates are files. Raises MatteError, or FrameRangeError for a prompt
    on a frame that the shot does not have.
    """
    if settings.matte is None:
        return None
    if settings.matte == ALPHA:
        alpha_mattes(shot, {})
        return None
    if is_network_matte(settings.matte):
        check_prompts(read_network_matte(settings.matte).prompts, shot)
        return None
    return open_mattes(settings.matte, shot, shaping=shaping_of(settings), project=project)


def check_prompts(prompts: Sequence[Prompt], shot: Shot) -> None:
    """Raise FrameRangeError or MatteError for a prompt that lies outside of the shot or its frames."""
    width, height = shot.size
    for prompt in prompts:
        if prompt.frame not in shot.frames:
            available = f"the frames are {format_frames(shot.frames)}"
            raise FrameRangeError(
                f"{format_prompt(prompt)}: the shot has no frame {prompt.frame}, {available}: choose one of these"
            )
        # A box may end with the last pixel, at the picture's width; a place is a pixel.
        corner = (prompt.x1, prompt.y1) if isinstance(prompt, Box) else (prompt.x, prompt.y)
        last = (width, height) if isinstance(prompt, Box) else (width - 1, height - 1)
        if corner[0] > last[0] or corner[1] > last[1]:
            raise MatteError(
                f"{format_prompt(prompt)} lies outside of the frame, which is {width}x{height}: expected x from 0 to "
                f"{last[0]} and y from 0 to {last[1]}"
            )


def open_mattes(
    path: str | Path, shot: Shot, *, shaping: Shaping = Shaping(), project: Project | None = None
) -> Mattes:
    """Find the mattes of a shot: numbered like its frames, a movie of as many frames, or one still for all of them.

    A file's alpha is the matte if any of it is not opaque, else its grey value; EXR values are unchanged.
    A movie's frames are unpacked into `project`, once, or into a temporary folder that is deleted with the object.
    MatteError: missing, wrong size or number of frames, unreadable.
    """
    path = Path(path)
    if project is not None:
        return _find_mattes(path, shot, shaping, lambda movie: unpack_once(movie, project, "mask"))
    temporary = Path(tempfile.mkdtemp(prefix="stylize-mattes-"))
    try:
        mattes = _find_mattes(path, shot, shaping, lambda movie: unpack(movie, temporary))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    weakref.finalize(mattes, shutil.rmtree, temporary, ignore_errors=True)
    return mattes


def alpha_mattes(shot: Shot, plates: Mapping[int, Path], shaping: Shaping = Shaping()) -> Mattes:
    """Return the alpha channel of the shot as its mattes. plates: file of every frame. MatteError without alpha."""
    if not shot.alpha:
        raise MatteError(
            f"matte {ALPHA}: {shot.path} has no alpha, expected one to take as the matte: give a matte with "
            "--matte PATH"
        )
    return Mattes(plates, shot.size, by_alpha=True, shaping=shaping)


def read_matte(path: Path, size: tuple[int, int]) -> Floats:
    """Read one picture as a matte: float32 (H, W) in [0, 1]; MatteError if missing, unreadable, or of another size."""
    files = {0: path}
    try:
        return Mattes(files, size, _by_alpha(files)).read(0)
    except MatteError:
        raise
    except InputError as error:
        raise MatteError(f"matte {error}") from error


def matte_extents(mattes: Mattes, project: Project) -> dict[int, Extent]:
    """Return the extent of the matte of every frame. Reads all mattes once, then caches; MatteError as `read`."""
    digests = {frame: project.digest(path) for frame, path in mattes.paths.items()}
    key = cache_key("matte", mattes.shaping.parameters(), mattes.by_alpha, sorted(digests.items()))
    stored = project.recall(_SURVEY, key)
    if stored is not None:
        return {int(frame): _as_extent(*facts) for frame, facts in stored}
    by_digest: dict[str, Extent] = {}
    for frame, digest in digests.items():
        if digest not in by_digest:
            by_digest[digest] = extent(mattes.read(frame))
    found = {frame: by_digest[digest] for frame, digest in digests.items()}
    project.remember(
        _SURVEY, key, [[frame, [found_extent.box, found_extent.whole]] for frame, found_extent in found.items()]
    )
    return found


def _as_extent(box: list[int] | None, whole: bool) -> Extent:
    return Extent(None if box is None else (box[0], box[1], box[2], box[3]), whole)


def _find_mattes(path: Path, shot: Shot, shaping: Shaping, unpack_movie: Callable[[Shot], dict[int, Path]]) -> Mattes:
    files = _MATTE.files(path, shot, unpack_movie)
    return Mattes(files, shot.size, _by_alpha(files), shaping)


def _by_alpha(files: Mapping[int, Path]) -> bool:
    """Return whether any alpha is not opaque: many programs add an opaque alpha to a grey picture."""
    with_alpha = (file for file in dict.fromkeys(files.values()) if image_info(file).alpha)
    return any((_values(file)[..., -1] < 1).any() for file in with_alpha)


def _values(path: Path) -> Floats:
    try:
        return read_values(path, grey=True)
    except InputError as error:
        raise MatteError(f"matte {error}") from error
