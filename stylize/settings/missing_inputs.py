"""Inputs of a project that no longer exist, with the options that supply them."""

from collections.abc import Iterator
from pathlib import Path

from stylize.errors import ProjectError
from stylize.media.sequences import READ_SUFFIXES, parse_pattern
from stylize.settings.input_files import paths_of
from stylize.settings.option import flag
from stylize.settings.options import OPTIONS, Settings, looks_of

# Stages whose inputs are the pictures and models that settings name.
_READING = ("pick", "render", "propagate")
_MAX_LISTED = 4


def refuse_missing(root: Path, shot: Path, settings: Settings) -> None:
    """Raise ProjectError if the shot or other inputs of a project are missing, naming the options that supply them."""
    missing = [] if _exists(shot) else [f"the shot {shot} (--replace-shot PATH)"]
    missing += dict.fromkeys(_missing_inputs(settings))
    if missing:
        more = f" and {len(missing) - _MAX_LISTED} more" if len(missing) > _MAX_LISTED else ""
        raise ProjectError(
            f"{root}: missing {', '.join(missing[:_MAX_LISTED])}{more}; put back what is missing, or give another path "
            "with the option"
        )


def _missing_inputs(settings: Settings) -> Iterator[str]:
    everything = any(settings.runs(stage) for stage in _READING)
    for look in looks_of(settings):
        for name, option in OPTIONS.items():
            if not option.stored or not (everything or name == "style"):
                continue
            for path in paths_of(option.type, getattr(look.settings, name)):
                if path.is_absolute() and not _exists(path):
                    layer = f"--layer {look.name}: " if look.name else ""
                    yield f"{path} ({layer}{flag(look.settings, name)})"


def _exists(path: Path) -> bool:
    """Return whether a file or folder exists, or any file of a pattern."""
    try:
        if path.exists():
            return True
        pattern = parse_pattern(path, (*READ_SUFFIXES, ".flo"))
        folder = None if pattern is None or not pattern.folder.is_dir() else pattern.folder
        return (
            pattern is not None
            and folder is not None
            and any(pattern.match(one.name) is not None for one in folder.iterdir())
        )
    except (OSError, ValueError):
        return True  # opening it reports the reason
