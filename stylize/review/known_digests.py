"""Digests of files, read again only when the status of a file changes."""

from functools import lru_cache
from pathlib import Path

from stylize.project.digests import digest_of, status_of


def known_digest(path: Path) -> str:
    """Return the digest of a file. Raises OSError."""
    return _digest(path, *status_of(path.stat()))


@lru_cache(1 << 14)
def _digest(path: Path, *status: int) -> str:
    return digest_of(path)
