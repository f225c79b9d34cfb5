"""Opening of an implementation: import it, call it with its setup, and validate the result.

Errors of an extension name its distribution.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from traceback import walk_tb
from typing import Any

from stylize.errors import CancelledError, ExtensionError, StylizeError
from stylize.extensions.discovery import broken, extension_of
from stylize.extensions.importing import import_target
from stylize.extensions.options import ExtensionOptions
from stylize.extensions.registrations import Registration, RendererRegistration


def open_extension(registration: Registration, setup: Any) -> Any:
    """Import the implementation of a registration, call it with its setup, and return the result.

    Raises ExtensionError, which names the distribution and entry point, if an extension is invalid. Errors of built-in
    implementations are not converted.
    """
    if not registration.is_foreign:
        return import_target(registration.load)(setup)
    extension = extension_of(registration)
    try:
        factory: Callable[[Any], Any] = import_target(registration.load)
    except ImportError as error:
        raise broken(extension, str(error)) from error
    with guard(registration, ExtensionError):
        opened = factory(setup)
    missing = [name for name in registration.methods if not callable(getattr(opened, name, None))]
    if missing:
        raise broken(extension, f"{registration.load} returned a {type(opened).__name__} without {missing[0]}()")
    return opened


@contextmanager
def guard(registration: Registration, error_type: type[StylizeError]) -> Iterator[None]:
    """Convert errors of an extension to ``error_type``, with a one-line message that names its distribution.

    Subclasses of StylizeError keep their type. MemoryError and CancelledError pass unchanged.
    """
    try:
        yield
    except (MemoryError, CancelledError):
        raise
    except StylizeError as error:
        raise type(error)(f"{registration}: {error}") from error
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()) or "no reason given"
        failure = f"failed ({type(error).__name__}: {reason}){_place(registration, error)}"
        raise error_type(
            f"{registration} {failure}; report it to its authors, or choose another {registration.noun}"
        ) from error


def _place(registration: Registration, error: BaseException) -> str:
    """Return the innermost line of the extension's package in a traceback, as text. Empty if there is none."""
    package = registration.load.partition(":")[0].partition(".")[0]
    modules = ((frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__))
    own = [(name, line) for name, line in modules if name.partition(".")[0] == package]
    return f" in {own[-1][0]}, line {own[-1][1]}" if own else ""


def versions_of(registration: Registration) -> str:
    """Return the distribution of an extension, its version and that of the registration, for cache keys."""
    return f"{registration.distribution}-{registration.distribution_version}-{registration.version}"


def options_key(options: ExtensionOptions) -> str:
    """Return all options of an extension as text, for cache keys."""
    return repr([(member.name, getattr(options, member.name)) for member in fields(options)])


def run_check(registration: RendererRegistration, settings: Any) -> None:
    """Run a renderer's check of the settings. Raises SettingsError if it does not support them."""
    if not registration.check:
        return
    try:
        check = import_target(registration.check)
    except ImportError as error:
        if not registration.is_foreign:
            raise
        raise broken(extension_of(registration), str(error)) from error
    with guard(registration, ExtensionError) if registration.is_foreign else nullcontext():
        check(settings)
