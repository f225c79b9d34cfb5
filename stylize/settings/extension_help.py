"""Help on extensions from other distributions: their names, from metadata alone, and their options."""

from collections.abc import Iterable, Iterator

from stylize.errors import ExtensionError
from stylize.extensions.discovery import Installed, find, installed
from stylize.extensions.options import ExtensionOption
from stylize.extensions.registrations import CLASSES, GROUPS, Registration
from stylize.settings.option import Option

# Left and right column of a table in the help.
Row = tuple[str, str]


def installed_rows(groups: Iterable[str] = GROUPS) -> list[Row]:
    """Return a row for every extension from another distribution. Nothing is imported."""
    return [
        (f"{CLASSES[group].flag} {one.name}", f"{CLASSES[group].noun}, from {one.distribution} {one.version}")
        for group in groups
        for one in installed(group)
    ]


def own_sections(option: Option) -> Iterator[tuple[str, list[Row]]]:
    """Yield a title and rows for each extension that an option selects: its own options, or the reason it is broken."""
    for extension in installed(option.type.extensions) if option.type.extensions else ():
        title = f"{option.flags[-1]} {extension.name}, from {extension.distribution} {extension.version}"
        yield title, _rows(extension)


def own_topic(word: str, options: Iterable[Option]) -> tuple[str, list[Row]] | None:
    """Return the title and rows of the extension or extension option that a word names; None for any other word."""
    wanted = word.lstrip("-")
    for option in options:
        for title, rows in own_sections(option):
            flags = [flag.split()[0].lstrip("-") for flag, _ in rows]
            if wanted == title.partition(",")[0].split()[-1]:
                return title, rows
            if wanted in flags:
                return title, [rows[flags.index(wanted)]]
    return None


def _rows(extension: Installed) -> list[Row]:
    try:
        registration: Registration = find(extension.group, extension.name)
    except ExtensionError as error:
        return [("broken", str(error))]
    return [(extension.name, registration.description), *map(_row, registration.declared.values())]


def _row(option: ExtensionOption) -> Row:
    default = "" if option.is_flag or option.default is None else f"  [default: {option.default}]"
    return f"{option.flag} {option.metavar}".rstrip(), f"{option.flag_help}{default}"
