"""Options of an extension: typed fields of a frozen dataclass, set by flags, project files or Python."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from stylize.errors import SettingsError, StylizeError
from stylize.real_path import real_path

Value = TypeVar("Value")

# Supported types, each of which may be optional, and their names in messages.
_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}
_METAVARS = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}
_KEY = "stylize option"


class ExtensionOptions(Protocol):
    """Options of an extension: a frozen dataclass whose fields are declared by ``option``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class TextOfFile(str):
    """A text from a settings file. folder: folder of that file, which a relative path refers to."""

    folder: Path

    def __new__(cls, text: str, folder: Path) -> "TextOfFile":
        """Return the text with its folder."""
        made = super().__new__(cls, text)
        made.folder = folder
        return made

    def as_path(self) -> Path:
        """Return the text as a path, relative to the folder of the settings file."""
        return self.folder / self


@dataclass(frozen=True)
class NoOptions:
    """Options of an extension without options."""


@dataclass(frozen=True)
class _Declared:
    help: str
    low: float | None
    high: float | None
    choices: tuple[Any, ...]


def option(
    default: Value, help: str, *, low: float | None = None, high: float | None = None, choices: Sequence[Value] = ()
) -> Value:
    """Declare an option as a field of a frozen dataclass: ``width: int = option(3, "Width of a stroke.", low=1)``.

    The type of the field must be bool, int, float, str or Path. All but bool may be optional (``| None``). help: one
    sentence for ``--help``. low, high: inclusive bounds of a number. choices: accepted values; empty for all.
    """
    declared = _Declared(help, low, high, tuple(choices))
    return field(default=default, metadata={_KEY: declared})


@dataclass(frozen=True)
class ExtensionOption:
    """One option of an extension.

    name: name of its field. flag: on the command line. optional: whether None is accepted. low, high: inclusive bounds
    of a number. choices: accepted values; empty for all.
    """

    name: str
    flag: str
    type: type
    optional: bool
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()

    @property
    def is_flag(self) -> bool:
        """True for a switch, which takes no value on the command line and inverts the default."""
        return self.type is bool

    @property
    def flag_help(self) -> str:
        """Help of the flag. The flag of an option that is on by default turns it off."""
        return f"Turn off: {self.help}" if self.default is True else self.help

    @property
    def metavar(self) -> str:
        """Placeholder of the value in the help."""
        if self.choices:
            return "|".join(map(str, self.choices))
        if self.low is not None and self.high is not None:
            return f"{self.low:g}..{self.high:g}"
        return _METAVARS.get(self.type, "")

    @property
    def description(self) -> str:
        """Description of accepted values, for messages."""
        if self.choices:
            return f"one of {', '.join(map(str, self.choices))}"
        text = _TYPES[self.type]
        if self.low is not None and self.high is not None:
            return f"{text} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{text} of {self.low:g} or more"
        return text if self.high is None else f"{text} of at most {self.high:g}"

    def read(self, value: Any) -> Any:
        """Convert and validate a value. Text is parsed as on the command line. Raises SettingsError."""
        if value is None and self.optional:
            return None
        try:
            found = _READERS[self.type](value)
            self._check(found)
        except (ValueError, TypeError, ArithmeticError):
            raise SettingsError(f"{self.flag} must be {self.description}, not {str(value)!r}") from None
        return found

    def _check(self, value: Any) -> None:
        if self.choices and value not in self.choices:
            raise ValueError
        if self.type in (int, float):
            low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
            if not low <= value <= high:
                raise ValueError


def declared_options(owner: type[ExtensionOptions], extension: str) -> dict[str, ExtensionOption]:
    """Return the options that a dataclass declares, by name. extension: prefix of their flags.

    Raises ValueError if the class is not a frozen dataclass, or a field is not a valid ``option``.
    """
    if not (isinstance(owner, type) and is_dataclass(owner) and owner.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise ValueError(f"its options must be a frozen dataclass, not {owner!r}")
    hints = get_type_hints(owner)
    found = {}
    for member in fields(owner):
        declared = member.metadata.get(_KEY)
        if not isinstance(declared, _Declared) or member.default is MISSING:
            raise ValueError(f"its option {member.name} is not declared with option(...)")
        kind, optional = _plain_type(hints[member.name])
        if kind is None or (kind is bool and optional):
            raise ValueError(f"its option {member.name} has the type {member.type}, not bool, int, float, str or Path")
        if optional and member.default is not None:
            raise ValueError(
                f"its option {member.name} may be None, so its default must be None; project files cannot store None"
            )
        name = f"no-{member.name}" if member.default is True else member.name
        found[member.name] = ExtensionOption(
            member.name, f"--{extension}-{name}".replace("_", "-"), kind, optional, member.default, declared.help,
            declared.low, declared.high, declared.choices,
        )  # fmt: skip
    return found


def build_options(
    owner: type[ExtensionOptions], declared: Mapping[str, ExtensionOption], given: Any, where: str
) -> Any:
    """Return an instance of an extension's options.

    given: an instance of ``owner``, a mapping of names to values, or None. where: name of the extension in messages.
    Raises SettingsError for an unknown name or an invalid value.
    """
    values = values_of(owner, given, where)
    unknown = [name for name in values if name not in declared]
    if unknown:
        known = f"there are {', '.join(declared)}" if declared else "it has none"
        raise SettingsError(f"{where} has no option {unknown[0]!r}, {known}")
    read = {name: declared[name].read(value) for name, value in values.items()}
    try:
        return owner(**read)
    except StylizeError:
        raise
    except (ValueError, TypeError) as error:  # from its __post_init__, which validates combinations of options
        raise SettingsError(f"{where}: {error}") from error


def values_of(owner: type[ExtensionOptions], given: Any, where: str) -> dict[str, Any]:
    """Return the given options, by name. Raises SettingsError if ``given`` is neither a mapping nor an ``owner``."""
    if given is None:
        return {}
    if isinstance(given, owner):
        return {member.name: getattr(given, member.name) for member in fields(owner)}
    if isinstance(given, Mapping):
        return {str(name).replace("-", "_"): value for name, value in given.items()}
    raise SettingsError(f"the options of {where} must be a table or a {owner.__name__}, not {given!r}")


def store_options(given: ExtensionOptions) -> dict[str, Any]:
    """Return the options that differ from their defaults, as values that TOML supports."""
    values = {member.name: getattr(given, member.name) for member in fields(given) if _differs(given, member)}
    return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}


def _differs(given: ExtensionOptions, member: Any) -> bool:
    return bool(getattr(given, member.name) != member.default)


def _plain_type(hint: Any) -> tuple[type | None, bool]:
    """Return (type, optional) of a type hint. type: one of _TYPES, or None if the hint is not supported."""
    if get_origin(hint) in (Union, UnionType):
        members = [one for one in get_args(hint) if one is not NoneType]
        optional = len(members) < len(get_args(hint))
        return (members[0], optional) if len(members) == 1 and members[0] in _TYPES else (None, optional)
    return (hint, False) if hint in _TYPES else (None, False)


def _read_flag(value: Any) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise ValueError
    return value


def _read_integer(value: Any) -> int:
    if isinstance(value, bool | float):
        raise ValueError
    return int(value)


def _read_number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError
    return float(value)


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return str(value)


def _read_path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError
    # Absolute, so that a run from another working directory finds the same file.
    return real_path(value.as_path() if isinstance(value, TextOfFile) else Path(value))


_READERS = {bool: _read_flag, int: _read_integer, float: _read_number, str: _read_text, Path: _read_path}
