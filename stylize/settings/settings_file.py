"""Files of settings that people write and share: a look (``look.toml``) and the defaults of a studio.

Both are TOML with a table ``[settings]``, whose names are those of ``project.toml``. Relative paths are relative to the
file. Both may come from an untrusted author: nothing that they name is opened here.
"""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from stylize.errors import SettingsError
from stylize.settings.former_names import current_names, reading
from stylize.settings.option import Option

# Version of the format, in the entry ``schema``.
SCHEMA = 1
# Maximum size of a file in bytes; settings are short.
MAX_BYTES = 1 << 20


def read_content(path: Path, entries: Collection[str]) -> dict[str, Any]:
    """Return the entries of a file of settings. entries: those allowed in addition to ``schema`` and ``settings``.

    Raises SettingsError that names the file if it is missing, too large, not TOML, of a newer schema, or has other
    entries.
    """
    content = _read_toml(path)
    schema = content.get("schema", SCHEMA)
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise SettingsError(f"{path} has the schema {schema!r}, expected a number from 1 to {SCHEMA}; fix it")
    if schema > SCHEMA:
        raise SettingsError(
            f"{path} has schema {schema}, but this version supports only up to {SCHEMA}; install a newer stylize"
        )
    known = ("schema", "settings", *entries)
    for name in content:
        if name not in known:
            raise SettingsError(
                f"{path}: {name!r} is outside [settings], where only {', '.join(known)} are allowed; move it below a "
                "[settings] line"
            )
    if not isinstance(content.get("settings", {}), Mapping):
        raise SettingsError(f"{path}: settings must be a table; write them below a [settings] line")
    return content


def read_table(path: Path, table: Mapping[str, Any], options: Mapping[str, Option]) -> dict[str, Any]:
    """Return the values of a table of settings in the form that a project file keeps, with absolute paths.

    Raises SettingsError that names the file for a value that an option does not accept; all names must be known.
    """
    with reading(str(path)):
        current = current_names(table, options)
        values = {name: options[name].store(options[name].read(value)) for name, value in current.items()}
    folder = path.absolute().parent
    return {name: options[name].resolve(value, folder) for name, value in values.items()}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise SettingsError(f"{path} cannot be read: {reason}; give a file of settings, such as look.toml") from error
    if len(data) > MAX_BYTES:
        raise SettingsError(
            f"{path} is larger than {MAX_BYTES >> 20} MiB, expected a file of settings, such as look.toml"
        )
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} cannot be read as TOML ({' '.join(str(error).split())}); fix it") from error
