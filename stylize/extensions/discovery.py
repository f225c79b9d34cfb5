"""Discovery of extensions, both built-in ones and those that other distributions declare as entry points.

Names are read from the metadata of installed distributions. Only registrations that are used are imported.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from stylize.errors import ExtensionError, SettingsError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.importing import import_target
from stylize.extensions.registrations import (
    CLASSES,
    EXPORTERS,
    FLOW,
    GROUPS,
    RENDERERS,
    SEGMENTERS,
    ExporterRegistration,
    FlowRegistration,
    Registration,
    RendererRegistration,
    SegmenterRegistration,
)

if TYPE_CHECKING:  # importing it takes 20 ms, and built-in names do not need it
    from importlib.metadata import Distribution, EntryPoint

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class Installed:
    """An extension that another distribution declares, as known from metadata.

    value: target of its entry point, ``package.module:name``. version: version of the distribution.
    """

    group: str
    name: str
    value: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}, entry point {self.name} = {self.value} in {self.group}"


def renderer(name: str) -> RendererRegistration:
    """Return the registration of a renderer. Raises SettingsError or ExtensionError, as ``find`` does."""
    return cast(RendererRegistration, find(RENDERERS, name))


def flow(name: str) -> FlowRegistration:
    """Return the registration of a flow estimator. Raises SettingsError or ExtensionError, as ``find`` does."""
    return cast(FlowRegistration, find(FLOW, name))


def exporter(name: str) -> ExporterRegistration:
    """Return the registration of an exporter. Raises SettingsError or ExtensionError, as ``find`` does."""
    return cast(ExporterRegistration, find(EXPORTERS, name))


def segmenter(name: str) -> SegmenterRegistration:
    """Return the registration of a segmenter. Raises SettingsError or ExtensionError, as ``find`` does."""
    return cast(SegmenterRegistration, find(SEGMENTERS, name))


def segmenter_for(name: str | None, *, prompted: bool) -> SegmenterRegistration:
    """Return the segmenter of that name. Without a name, return the first built-in one that fits ``prompted``."""
    if name is not None:
        return segmenter(name)
    fitting = (cast(SegmenterRegistration, one) for one in BUILT_IN[SEGMENTERS].values())
    return next(one for one in fitting if one.prompted == prompted)


def names(group: str) -> tuple[str, ...]:
    """Return all names in a group, built-in ones first. Nothing is imported."""
    return tuple(dict.fromkeys((*BUILT_IN[group], *(one.name for one in installed(group)))))


@lru_cache
def installed(group: str) -> tuple[Installed, ...]:
    """Return the extensions that other distributions declare in a group, sorted by name. Nothing is imported."""
    found = [_installed(one) for one in _entry_points(group)]
    return tuple(sorted(found, key=lambda one: (one.name, one.distribution)))


def distribution_versions() -> dict[str, str]:
    """Return the version of each distribution that declares extensions, by name. Nothing is imported."""
    return {one.distribution: one.version for group in GROUPS for one in installed(group)}


def find(group: str, name: str) -> Registration:
    """Return the registration of that name, and import it if it comes from another distribution.

    Raises SettingsError if the name is unknown, ExtensionError if the registration is invalid or its name is not
    unique.
    """
    declared = [one for one in installed(group) if one.name == name]
    if not declared:
        if name in BUILT_IN[group]:
            return BUILT_IN[group][name]
        kind = CLASSES[group]
        near = get_close_matches(name, names(group), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(f"{kind.flag} must be one of {', '.join(names(group))}, not {name!r}{meant}")
    if name in BUILT_IN[group]:
        raise broken(declared[0], f"{name} is the name of a built-in {CLASSES[group].noun}")
    if len(declared) > 1:
        raise broken(declared[0], f"{declared[1].distribution} {declared[1].version} also declares this name")
    return registration_of(declared[0])


def broken(extension: Installed, fault: str) -> ExtensionError:
    """Return the error for an extension that cannot be used. fault: the reason."""
    noun = CLASSES[extension.group].noun
    return ExtensionError(
        f"the {noun} {extension.name} ({extension}) cannot be used: {fault}; update that distribution, or uninstall it"
    )


@lru_cache
def registration_of(extension: Installed) -> Registration:
    """Import and validate the registration of an extension. Raises ExtensionError."""
    try:
        found = import_target(extension.value)
    except ImportError as error:
        raise broken(extension, str(error)) from error
    kind = CLASSES[extension.group]
    if not isinstance(found, kind):
        raise broken(extension, f"expected a {kind.__name__}, found {type(found).__name__}")
    if found.name != extension.name or not _NAME.fullmatch(found.name):
        fault = f"its registration is named {found.name!r}, expected the name of the entry point, such as my-name"
        raise broken(extension, fault)
    registration = replace(
        found, stage="", distribution=extension.distribution, distribution_version=extension.version
    )  # fmt: skip
    try:
        registration.declared  # noqa: B018
    except (ValueError, TypeError, NameError, AttributeError) as error:
        raise broken(extension, str(error)) from error
    return registration


def extension_of(registration: Registration) -> Installed:
    """Return the metadata of the extension that a registration of another distribution belongs to."""
    return next(
        one
        for one in installed(registration.group)
        if (one.name, one.distribution) == (registration.name, registration.distribution)
    )


def usable(groups: Iterable[str] = GROUPS) -> tuple[list[Registration], list[ExtensionError]]:
    """Import the registrations of all extensions. Return the usable ones, and the errors of the others."""
    found, faults = list[Registration](), list[ExtensionError]()
    for group in groups:
        for extension in installed(group):
            try:
                found.append(find(group, extension.name))
            except ExtensionError as error:
                faults.append(error)
    return found, faults


def duplicate_flags(some: Iterable[Registration]) -> Mapping[str, int]:
    """Return the option flags that several registrations declare, with the number of declarations."""
    counts = Counter(option.flag for one in some for option in one.declared.values())
    return {flag: count for flag, count in counts.items() if count > 1}


def forget() -> None:
    """Clear the caches of discovery, for use after ``sys.path`` has changed."""
    installed.cache_clear()
    registration_of.cache_clear()
    _all_entry_points.cache_clear()


def _entry_points(group: str) -> "list[EntryPoint]":
    from importlib.metadata import distributions

    found = _all_entry_points()
    if found is not None:
        return list(found.select(group=group))
    # A distribution with broken metadata must not hide the others.
    return [one for distribution in distributions() for one in _declared_by(distribution, group)]


@lru_cache
def _all_entry_points() -> Any:
    """Read the entry points of all distributions at once, for ``select``; None if some metadata is broken."""
    from importlib.metadata import entry_points

    try:
        return entry_points()
    except Exception:  # broken metadata may raise anything
        return None


def _declared_by(distribution: "Distribution", group: str) -> "list[EntryPoint]":
    try:
        return list(distribution.entry_points.select(group=group))
    except Exception:  # with broken metadata, it declares nothing usable
        return []


def _installed(entry: "EntryPoint") -> Installed:
    distribution = entry.dist
    return Installed(entry.group, entry.name, entry.value, _name(distribution), _version(distribution))


def _name(distribution: "Distribution | None") -> str:
    try:
        found = distribution.metadata["Name"] if distribution else None
    except Exception:  # broken metadata
        found = None
    # The folder of the metadata is named after the distribution.
    folder = getattr(distribution, "_path", None)
    return str(found or (Path(str(folder)).stem.rpartition("-")[0] if folder else "") or "an unnamed distribution")


def _version(distribution: "Distribution | None") -> str:
    try:
        return str((distribution.version if distribution else None) or "of no version")
    except Exception:  # broken metadata
        return "of no version"
