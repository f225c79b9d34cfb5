"""Address of a server that paints keys: HTTP or HTTPS, checked before anything is sent."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from stylize.errors import SettingsError
from stylize.visible_text import one_line

EXAMPLE = "http://127.0.0.1:7860"
DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LENGTH = 2048
# Host names in ASCII (others as xn--...), and IPv4; IPv6 is checked separately.
_NETLOC = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]{0,5})?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")
# Printable ASCII; urllib removes line breaks and tabs without an error.
_CHARACTERS = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class ServerAddress:
    """Address of a server. scheme: http or https. host: without brackets. path: prefix of requests, without a trailing
    slash.

    query: only of redirects, empty in settings.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    query: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port as text; the scheme's default port is omitted."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Return whether the server runs on this machine, by its address or the name localhost."""
        name = self.host.rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> ServerAddress:
    """Parse an absolute URL. Raises ValueError for an unusable one; the message never contains a password."""
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"it must have at most {_MAX_LENGTH} characters, found {len(text)}")
    if not _CHARACTERS.fullmatch(text):
        raise ValueError("it must consist of printable ASCII characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port is not valid") from None
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if "@" in parts.netloc:
        raise ValueError("it contains a user name or a password, which would be stored and logged")
    if scheme not in DEFAULT_PORTS:
        raise ValueError("it does not begin with http:// or https://")
    known_host = _is_ipv6(host) if ":" in host else _HOST.fullmatch(host)
    if port == 0 or not known_host or not _NETLOC.fullmatch(parts.netloc):
        raise ValueError("its host or port is not valid")
    return ServerAddress(
        scheme, host.lower(), DEFAULT_PORTS[scheme] if port is None else port, parts.path.rstrip("/"), parts.query
    )


def read_server_url(value: Any) -> str:
    """Read the address of a server as an option's value. Raises SettingsError that gives the reason."""
    if not isinstance(value, str) or not value:
        raise ValueError
    try:
        parse_address(value)
        if "?" in value or "#" in value:
            raise ValueError("it has a query or a fragment")
    except ValueError as error:
        # An address with a password is not displayed.
        found = "an address with @" if "@" in value else one_line(value, 200)
        raise SettingsError(f"expected an address such as {EXAMPLE}, found {found}: {error}; correct it") from None
    return value


def _is_ipv6(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False
