"""Remove temporary files that killed runs have left in a project."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stylize.media.safe_write import PARTIAL, is_partial
from stylize.project.layout import DRAFTS, FOLDERS, LAYERS, STATE_FOLDER, VERSIONS


def remove_temporary_files(root: Path) -> None:
    """Remove the temporary files in the folders of a project, which must be locked. Links are kept.

    Needed because the next run replaces only the temporary files of the outputs that it writes again.
    """
    for folder, names in _folders(root):
        for name in names:
            path = folder / name
            if PARTIAL in name and is_partial(name) and path.is_file() and not path.is_symlink():
                with suppress(OSError):
                    path.unlink()


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield every folder of a project with the names of its files; links are not followed."""
    yield root, [path.name for path in root.iterdir()]
    for top in (*FOLDERS, LAYERS, DRAFTS, VERSIONS, STATE_FOLDER):
        for folder, _, names in os.walk(root / top):
            yield Path(folder), names
