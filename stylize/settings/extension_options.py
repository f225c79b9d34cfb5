"""Options of extensions in the settings: one table for each kind, read by the selected extension."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from stylize.errors import ExtensionError, SettingsError
from stylize.extensions.discovery import broken, duplicate_flags, extension_of, find, installed
from stylize.extensions.options import ExtensionOption, ExtensionOptions, TextOfFile, build_options, store_options
from stylize.extensions.registrations import EXPORTERS, FLOW, RENDERERS, SEGMENTERS, Registration
from stylize.settings.option_types import OptionType
from stylize.settings.path_resolution import Base

# The table of each kind, and the option that selects an extension of that kind.
TABLES: Mapping[str, tuple[str, str]] = {
    RENDERERS: ("renderer_options", "renderer"),
    FLOW: ("flow_options", "flow"),
    EXPORTERS: ("export_options", "export"),
    SEGMENTERS: ("segmenter_options", "segmenter"),
}
TABLE_NAMES = tuple(table for table, _ in TABLES.values())


@dataclass(frozen=True)
class OwnOptions:
    """Options given as flags of one extension. values: by name, as given."""

    extension: str
    values: Mapping[str, Any]


def _read_table(value: Any) -> Any:
    if isinstance(value, Mapping | OwnOptions) or (is_dataclass(value) and not isinstance(value, type)):
        return value
    raise ValueError


def _store_table(value: Any) -> dict[str, Any]:
    if isinstance(value, OwnOptions):
        return dict(value.values)
    if isinstance(value, Mapping):
        return {name: _store_table(one) if _is_options(one) else one for name, one in value.items()}
    return store_options(value)


def _is_options(value: Any) -> bool:
    return isinstance(value, Mapping | OwnOptions) or (is_dataclass(value) and not isinstance(value, type))


def _resolve_table(stored: Any, base: Base) -> Any:
    """Return a table whose texts carry their base folder, because only the extension knows which of them are paths.

    In a project file, they stay as they were given.
    """
    if not isinstance(base, Path):
        return stored
    if isinstance(stored, Mapping):
        return {name: _resolve_table(value, base) for name, value in stored.items()}
    return TextOfFile(stored, base) if isinstance(stored, str) and base != Path() else stored


# Has no flag of its own, because every option of an extension has one.
EXTENSION_OPTIONS = OptionType(
    "a table of options, or an instance of the extension's dataclass", "Mapping[str, object] | ExtensionOptions",
    _read_table, _store_table, "", _resolve_table,
)  # fmt: skip


def own_options(registration: Registration, given: Any) -> ExtensionOptions:
    """Return the options to open an extension with. given: its table, or None. Raises SettingsError."""
    if isinstance(given, OwnOptions):
        given = given.values
    built: ExtensionOptions = build_options(registration.options, registration.declared, given, str(registration))
    return built


def build_tables(settings: Any) -> None:
    """Read the tables of a settings object in place: each becomes the options of the selected extension.

    Raises SettingsError for options of an extension that is not selected, and those that it does not accept.
    """
    for group, (table, selector) in TABLES.items():
        given = getattr(settings, table, None)
        if given is None:
            continue
        if group == EXPORTERS:
            built: Any = _built_exports(given, settings.export)
        else:
            selected = getattr(settings, selector)
            if isinstance(given, OwnOptions) and given.extension != selected:
                raise _not_selected(group, given.extension, given.values)
            if selected is None:
                raise SettingsError(f"{table} needs --{selector} NAME; give that too, or leave {table} out")
            built = own_options(find(group, selected), given)
        object.__setattr__(settings, table, built)


def overlay(under: Any, over: Any) -> Any:
    """Return the table ``over``, completed with the options of ``under``. Instances are already complete."""
    if under is None or not isinstance(over, Mapping | OwnOptions):
        return over
    base = dict(under.values) if isinstance(under, OwnOptions) else _store_table(under)
    if isinstance(over, OwnOptions):
        return OwnOptions(over.extension, base | dict(over.values))
    return base | {name: overlay(base.get(name), one) for name, one in over.items()}


def merge_tables(stored: Mapping[str, Any], requested: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables of requested settings, merged over the stored ones of the same extensions.

    A stored table becomes None if another extension is requested.
    """
    found = {}
    for group, (table, selector) in TABLES.items():
        selected = requested.get(selector)
        changed = group != EXPORTERS and selected is not None and stored.get(selector, selected) != selected
        under = None if changed else stored.get(table)
        if table in requested:
            found[table] = overlay(under, requested[table])
        elif table in stored:
            found[table] = _of_requested_exports(under, requested) if group == EXPORTERS else under
    return found


def merge_layer(settings: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a layer. Its tables are merged over those of the shot if it uses the same extension."""
    found = dict(values)
    for group in (RENDERERS, SEGMENTERS):
        table, selector = TABLES[group]
        other = values.get(selector, getattr(settings, selector)) != getattr(settings, selector)
        if table in values:
            found[table] = overlay(None if other else getattr(settings, table), values[table])
        elif other:
            found[table] = None
    return found


def paths_in(table: Any) -> Iterator[Path]:
    """Yield the paths in a table that was read, for an extension or for several by name."""
    values = table.values() if isinstance(table, Mapping) else [table]
    for options in values:
        if is_dataclass(options):
            yield from (one for member in fields(options) if isinstance(one := getattr(options, member.name), Path))


def check_reads(registration: Registration, known: Collection[str]) -> None:
    """Raise ExtensionError if a registration from another distribution reads options that do not exist."""
    unknown = [name for name in registration.reads if name not in known]
    if unknown and registration.is_foreign:
        raise broken(extension_of(registration), f"it reads {unknown[0]!r}, but stylize has no option of that name")


@dataclass(frozen=True)
class ExtensionFlag:
    """Option of an extension, as a flag on the command line."""

    registration: Registration
    option: ExtensionOption

    @property
    def key(self) -> str:
        """Name under which a parser may store its value; differs from the names of all options of stylize."""
        words = (self.registration.group.partition(".")[2], self.registration.name, self.option.name)
        return "__".join(words).replace("-", "_")


def flags_of(registration: Registration, core_flags: Collection[str]) -> list[ExtensionFlag]:
    """Return the flags of an extension. Raises ExtensionError if one is a flag of stylize."""
    found = [ExtensionFlag(registration, option) for option in registration.declared.values()]
    for one in found:
        if one.option.flag in core_flags:
            raise broken(extension_of(registration), f"its option {one.option.flag} already exists in stylize")
    return found


def flags_in(words: Sequence[str], groups: Collection[str], core_flags: Collection[str]) -> list[ExtensionFlag]:
    """Return the flags of the extensions whose names are the prefixes of options on a command line.

    Only those extensions are imported. Raises ExtensionError for one that is broken, or for a flag that two declare.
    """
    flags = {word.partition("=")[0] for word in words if word.startswith("--")} - set(core_flags)
    named = [one for group in groups for one in installed(group) if any(map(_begins_with(one.name), flags))]
    registrations = [find(one.group, one.name) for one in dict.fromkeys(named)]
    twice = duplicate_flags(registrations).keys() & flags
    if twice:
        owners = [one for one in registrations if min(twice) in {option.flag for option in one.declared.values()}]
        raise ExtensionError(
            f"both {' and '.join(map(str, owners))} have an option {min(twice)}; uninstall one of them"
        )
    return [one for registration in registrations for one in flags_of(registration, core_flags)]


def tables_from_flags(values: Mapping[ExtensionFlag, Any]) -> dict[str, Any]:
    """Return the settings tables that flags make up. Raises SettingsError for two extensions of one kind."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for flag, value in values.items():
        registration = flag.registration
        found.setdefault(registration.group, {}).setdefault(registration.name, {})[flag.option.name] = value
    tables: dict[str, Any] = {}
    for group, by_name in found.items():
        if group == EXPORTERS:
            tables[TABLES[group][0]] = by_name
            continue
        if len(by_name) > 1:
            one, other = list(by_name)[:2]
            raise SettingsError(
                f"--{one}-... and --{other}-... belong to two extensions, but only one can be used; leave one out"
            )
        tables[TABLES[group][0]] = OwnOptions(*next(iter(by_name.items())))
    return tables


def layer_option(name: str) -> ExtensionFlag | None:
    """Return the renderer or segmenter option that a layer names, such as ``pencil_width``; None if there is none."""
    found = flags_in([f"--{name.replace('_', '-')}"], (RENDERERS, SEGMENTERS), ())
    return next((one for one in found if one.option.flag == f"--{name.replace('_', '-')}"), None)


def _built_exports(given: Any, exports: Collection[str]) -> dict[str, ExtensionOptions]:
    if not isinstance(given, Mapping):
        raise SettingsError("export_options must be a table for each exporter, such as {'usd': {'scale': 2}}")
    for name, values in given.items():
        if name not in exports:
            raise _not_selected(EXPORTERS, name, values if isinstance(values, Mapping) else {})
    return {name: own_options(find(EXPORTERS, name), values) for name, values in given.items()}


def _of_requested_exports(stored: Any, requested: Mapping[str, Any]) -> Any:
    if "export" not in requested or not isinstance(stored, Mapping):
        return stored
    exports = requested["export"]
    words = {word.strip() for text in ([exports] if isinstance(exports, str) else exports) for word in text.split(",")}
    return {name: values for name, values in stored.items() if name in words} or None


def _not_selected(group: str, name: str, values: Mapping[str, Any]) -> SettingsError:
    registration = find(group, name)
    option = registration.declared.get(next(iter(values), ""))
    what = f"the options of {name} are" if option is None else f"{option.flag} is"
    return SettingsError(f"{what} for {registration.flag} {name}; give that too, or leave it out")


def _begins_with(name: str) -> Any:
    prefix = f"--{name.replace('_', '-')}-"
    return lambda flag: flag.startswith(prefix)
