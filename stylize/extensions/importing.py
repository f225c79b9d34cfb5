"""Import of an object by its address, ``package.module:name``."""

from importlib import import_module
from typing import Any


def import_target(address: str) -> Any:
    """Import and return the object at ``package.module:name``. Raises ImportError with a one-line reason."""
    module_name, _, attribute = address.partition(":")
    if not module_name or not attribute:
        raise ImportError(f"{address!r} is not an address; expected package.module:NAME")
    try:
        found: Any = import_module(module_name)
    except (Exception, SystemExit) as error:  # importing a foreign module may raise anything
        reason = " ".join(str(error).split()) or "no reason given"
        raise ImportError(f"{module_name} cannot be imported ({type(error).__name__}: {reason})") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise ImportError(f"there is no {attribute} in {module_name}") from error
    return found
