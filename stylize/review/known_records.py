"""Records of a project, read again only when one of their files has changed: those of a long shot are large."""

from functools import lru_cache
from pathlib import Path

from stylize.project.digests import status_of
from stylize.project.layout import STATE_FOLDER
from stylize.project.records import SUFFIX, Records


def known_records(root: Path) -> Records:
    """Return the records of a part of a project, for reading. root: its folder."""
    folder = root / STATE_FOLDER
    status = [(path.name, *status_of(path.stat())) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    return _loaded(folder, *status)


@lru_cache(8)
def _loaded(folder: Path, *status: tuple[object, ...]) -> Records:
    records = Records(folder)
    records.load()
    return records
