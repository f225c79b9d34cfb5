"""Models in the Hugging Face cache: lookup, and downloads, which always report their name and size.

Cached files are used without checking for updates: if nothing is missing, no request is made. Missing files are
downloaded only with a ``DownloadPermission``, and only if neither --offline nor HF_HUB_OFFLINE forbids it.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from stylize.errors import CancelledError, RendererError
from stylize.renderers.diffusion.repo_files import WEIGHTS, Needed, within
from stylize.renderers.protocol import DownloadPermission

REPO = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
# Address of a file or folder inside a repo: hf://owner/name/folder/file. A Path collapses the double slash.
_INSIDE = re.compile(rf"hf:/{{1,2}}({REPO.pattern})/(.+?)/*")
# Interval of progress reports, in seconds, and their unit, in bytes.
_POLL_SECONDS, _MEGABYTE = 0.5, 1_000_000


@dataclass(frozen=True)
class Source:
    """Source of repos: the cache, and the network if permitted.

    offline: --offline is given. half: returns whether weights of half precision suffice.
    """

    permission: DownloadPermission | None = None
    offline: bool = False
    half: Callable[[], bool] = lambda: False

    def find(
        self, name: str, needed: Needed, what: str = "model", check: Callable[[Path], object] = lambda folder: None
    ) -> Path:
        """Return the snapshot of a repo, or the named folder inside it, with all the needed files.

        what: its kind, for messages. check: raises RendererError for a model of another kind. It reads only the
        configuration, so that weights are not downloaded needlessly. Raises RendererError, with a download command, for
        a repo that is not cached and cannot be downloaded.
        """
        repo, inside = split(name)
        needed = within(inside, needed)
        folder = cached(repo)
        missing_part = "" if folder is None else needed.missing_from(names_in(folder))
        if folder is not None and not missing_part:
            return folder / inside
        command = f"hf download {repo} {needed.patterns}"
        found = f"has {missing_part} in the Hugging Face cache" if missing_part else "is not in the Hugging Face cache"
        if self.offline or self.permission is None or _is_offline():
            why = ""
            if self.permission is not None:
                cause = "--offline is given" if self.offline else "HF_HUB_OFFLINE is set"
                why = f", and downloads are disabled because {cause}"
            raise RendererError(f"the {what} {repo} {found}{why}; download it with: {command}")
        with _readable_errors(repo, what, command):
            _fetch(_Remote(repo, inside, what, command), needed, self.half(), self.permission, check)
        folder = cached(repo)
        if folder is None or needed.missing_from(names_in(folder)):
            raise RendererError(f"the {what} {repo} was not downloaded completely; download it again with: {command}")
        return folder / inside


# Source that uses only the cache, without network access.
CACHE_ONLY = Source()


def is_remote(name: str) -> bool:
    """Return whether ``name`` is a repo id, ``owner/name``, or is inside a repo, ``hf://owner/name/inside``."""
    return bool(REPO.fullmatch(name) or _INSIDE.fullmatch(name))


def is_inside(name: str) -> bool:
    """Return whether ``name`` is inside a repo, ``hf://owner/name/inside``."""
    return _INSIDE.fullmatch(name) is not None


def split(name: str) -> tuple[str, str]:
    """Split a remote name into the repo id and the path inside the repo, which may be empty."""
    found = _INSIDE.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def cached(repo: str) -> Path | None:
    """Return the cached snapshot of a repo's main branch, complete or not; None when there is none."""
    from huggingface_hub import constants

    root = Path(constants.HF_HUB_CACHE).expanduser() / f"models--{repo.replace('/', '--')}"
    try:
        commit = (root / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    folder = root / "snapshots" / commit
    return folder if folder.is_dir() else None


def names_in(folder: Path) -> list[str]:
    """List the files in a folder by relative POSIX path, as a repo does."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def format_size(size: int) -> str:
    """Format a size in bytes for display."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{-(-size // 1000)} kB"


@dataclass(frozen=True)
class _Remote:
    """Repo to download. inside: path inside it. what: its kind. command: to download it manually."""

    repo: str
    inside: str
    what: str
    command: str


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _fetch(
    remote: _Remote, needed: Needed, half: bool, permission: DownloadPermission, check: Callable[[Path], object]
) -> None:  # fmt: skip
    from huggingface_hub import HfApi, constants

    info = HfApi().model_info(remote.repo, files_metadata=True)
    sizes = {one.rfilename: one.size or 0 for one in info.siblings or []}
    try:
        names = needed.choose(sorted(sizes), half)
    except LookupError as error:
        raise RendererError(
            f"the {remote.what} {remote.repo} has {error.args[0]} in its repo, so it cannot be used; give one with "
            f"weights as {WEIGHTS}, or a local folder or file"
        ) from error
    folder = cached(remote.repo)
    # Files of another commit may differ.
    present = names_in(folder) if folder is not None and folder.name == info.sha else []
    missing = [name for name in names if name not in present]
    size = sum(sizes[name] for name in missing)
    cache = Path(constants.HF_HUB_CACHE).expanduser()
    _check_room(remote, size, cache)
    files = f"{len(missing)} file{'s' if len(missing) > 1 else ''}"
    permission.message(f"downloading the {remote.what} {remote.repo}, {format_size(size)} in {files}, to {cache}")
    small = [name for name in names if not name.endswith(WEIGHTS)]
    store = cache / f"models--{remote.repo.replace('/', '--')}" / "blobs"
    with _reporting_progress(store, size, permission):
        _download(remote.repo, small)
        folder = cached(remote.repo)
        if folder is not None:
            check(folder / remote.inside)
        if len(small) < len(names):
            _download(remote.repo, names)


def _download(repo: str, names: list[str] | tuple[str, ...]) -> None:
    from huggingface_hub import snapshot_download

    if names:
        with _without_bars():
            snapshot_download(repo, allow_patterns=[escape(name) for name in names])


def _check_room(remote: _Remote, size: int, cache: Path) -> None:
    place = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < size:
        raise RendererError(
            f"the {remote.what} {remote.repo} needs {format_size(size)}, but {place} has {format_size(free)} free; "
            "make room, or set HF_HOME to another folder"
        )


@contextmanager
def _reporting_progress(store: Path, size: int, permission: DownloadPermission) -> Iterator[None]:
    """Report the progress of a download inside the context, measured by the bytes on disk."""
    before, finished = _bytes_in(store), threading.Event()
    total = max(1, size // _MEGABYTE)

    def watch() -> None:
        # If the run is cancelled meanwhile, the last call of progress, below, raises the error.
        with suppress(CancelledError):
            while not finished.wait(_POLL_SECONDS):
                done = (_bytes_in(store) - before) // _MEGABYTE
                permission.progress("download", max(0, min(done, total - 1)), total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
    permission.progress("download", total, total)


def _bytes_in(store: Path) -> int:
    size = 0
    for path in store.glob("*"):
        try:
            size += path.stat().st_size
        except OSError:  # renamed just now
            continue
    return size


@contextmanager
def _without_bars() -> Iterator[None]:
    """Disable the library's progress bars, which would interfere with ours, inside the context."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


@contextmanager
def _readable_errors(repo: str, what: str, command: str) -> Iterator[None]:
    """Convert download errors to a one-line RendererError."""
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    hub = constants.ENDPOINT
    try:
        yield
    except GatedRepoError as error:
        raise RendererError(
            f"the {what} {repo} is gated: accept its terms at {hub}/{repo}, log in with: hf auth login, and run "
            f"again, or download it with: {command}"
        ) from error
    except RepositoryNotFoundError as error:
        raise RendererError(
            f"{hub} has no {what} {repo}, or it is private; correct the name, or log in with: hf auth login, "
            f"and download it with: {command}"
        ) from error
    # The base classes are exceptions of the library's HTTP client, which differs between releases.
    except (HfHubHTTPError, *HfHubHTTPError.__bases__, OSError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RendererError(
            f"the {what} {repo} could not be downloaded from {hub}: {reason}; run again when it is reachable, or "
            f"get it with: {command}"
        ) from error
