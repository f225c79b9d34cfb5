"""Former names of options, which keep working for one minor release, with a warning.

An option declares them with ``formerly={"old_name": "0.2"}``: each name and the version that removes it. The former
flag is ``--old-name``.
"""

import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from stylize.errors import RenamedOptionWarning, SettingsError
from stylize.settings.option import Option, flag_of, options_of

_PACKAGE = __name__.partition(".")[0]
# File, and layer in it, that settings are currently read from.
_source: ContextVar[str] = ContextVar("source", default="")

Owner = TypeVar("Owner")


def former_names(options: Mapping[str, Option]) -> dict[str, Option]:
    """Map each former name to its option."""
    return {name: option for option in options.values() for name in option.formerly}


def current_names(
    values: Mapping[str, Any], options: Mapping[str, Option], *, as_flags: bool = False
) -> dict[str, Any]:
    """Return values by the current names of their options; see ``renamed``."""
    current = renamed(values, options, as_flags=as_flags)
    return {current[name]: value for name, value in values.items()}


def renamed(names: Collection[str], options: Mapping[str, Option], *, as_flags: bool = False) -> dict[str, str]:
    """Map each name to the current one, and warn about every former name; unknown names are kept.

    as_flags: spell names as on the command line. Raises SettingsError when two names refer to the same option.
    """
    former = former_names(options)
    current = {name: former[name].name if name in former else name for name in names}
    for name in [name for name in names if name in former]:
        old, new = (flag_of(name), former[name].flags[-1]) if as_flags else (name, former[name].name)
        if list(current.values()).count(current[name]) > 1:
            raise SettingsError(f"{old} is now {new}; give only {new}")
        _warn(f"{old} is now {new}; the old name will be removed in version {former[name].formerly[name]}")
    return current


def accept_former_names(owner: type[Owner]) -> type[Owner]:
    """Make a dataclass of options accept former names as keywords too."""
    init: Callable[..., None] = owner.__init__
    options = options_of(owner)

    @wraps(init)
    def renaming(self: Owner, *args: Any, **values: Any) -> None:
        init(self, *args, **current_names(values, options))

    owner.__init__ = renaming  # type: ignore[method-assign, assignment]
    return owner


@contextmanager
def reading(source: str) -> Iterator[None]:
    """Prefix errors and warnings with the source of the settings that are read in this context."""
    outer = _source.set(f"{_source.get()}{source}: ")
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{source}: {error}") from error
    finally:
        _source.reset(outer)


@contextmanager
def former_names_to(message: Callable[[str], None]) -> Iterator[None]:
    """Send warnings about former names to ``message``; other warnings are unaffected."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RenamedOptionWarning)
        show = warnings.showwarning

        def report(text: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, RenamedOptionWarning):
                message(f"warning: {text}")
            else:
                show(text, category, *place, **more)

        warnings.showwarning = report  # type: ignore[assignment]
        yield


def _warn(text: str) -> None:
    warnings.warn(f"{_source.get()}{text}", RenamedOptionWarning, stacklevel=_level_outside() + 1)


def _level_outside() -> int:
    """Return the number of stack levels from the caller up to the first frame outside the package."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].partition(".")[0] == _PACKAGE:
        level, frame = level + 1, frame.f_back
    return level
