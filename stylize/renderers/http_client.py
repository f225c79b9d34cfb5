"""HTTP client for servers that paint keys. Every request to such a server goes through it.

The server may be faulty or hostile, so the total time and size of an exchange are bounded, and it goes only to the
configured scheme, host and port: proxy variables are ignored, redirects elsewhere are rejected, and a POST is never
resent. Ctrl-C ends it at any time. Every failure is a one-line RendererError. Python's own ``http.client`` is used
because libraries on top of it bound each read, not the whole exchange.
"""

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from stylize.errors import RendererError
from stylize.renderers.bounded_socket import BoundedSocket, TooManyBytesError, connect
from stylize.settings.server_address import ServerAddress, parse_address
from stylize.visible_text import one_line

_REDIRECTS, _MAX_REDIRECTS = (301, 302, 303, 307, 308), 5
# Allowance in bytes for everything except the body: status line, headers, sizes of chunks. http.client itself accepts
# at most 100 headers.
_OVERHEAD = 1 << 18
_CHUNK = 1 << 16
# Maximum number of characters of a server's text to quote in a message.
_MAX_QUOTED = 200
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of one exchange. seconds: from the lookup of the host to the last byte. max_bytes: size of the response.

    max_values: number of numbers, strings, arrays and objects in the JSON of the response.
    """

    seconds: float
    max_bytes: int
    max_values: int = 1_000_000


@dataclass(frozen=True)
class _Response:
    status: int
    location: str | None
    body: bytes


class HttpClient:
    """Client of one server; see the module docstring."""

    def __init__(self, url: str, service: str, hint: str) -> None:
        """Set up the client without sending a request. service: its name in messages. hint: advice that ends error
        messages.

        Raises RendererError for an invalid address.
        """
        try:
            self.address = parse_address(url)
        except ValueError as error:
            raise RendererError(f"the address of {service} cannot be used: {error}; correct --url") from None
        self._service, self._hint = service, hint

    def get(self, path: str, limits: Limits) -> dict[str, Any]:
        """Send a GET and return the object in the JSON response. Raises RendererError."""
        return self._parsed(path, self._exchange("GET", path, None, limits), limits)

    def post(self, path: str, body: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
        """Send JSON as a POST, once, and return the object in the JSON response. Raises RendererError."""
        return self._parsed(path, self._exchange("POST", path, json.dumps(body).encode(), limits), limits)

    def _exchange(self, method: str, path: str, body: bytes | None, limits: Limits) -> bytes:
        end, target = time.monotonic() + limits.seconds, self.address.path + path
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._request(method, target, body, limits, end)
            if 200 <= response.status < 300:
                return response.body
            if response.status not in _REDIRECTS:
                text = one_line(response.body[:_CHUNK].decode(errors="replace"), _MAX_QUOTED) or "no reason given"
                raise self._error(path, f"answered {response.status}: {text}")
            target = self._redirected(method, path, target, response.location)
        raise self._error(path, f"redirected more than {_MAX_REDIRECTS} times")

    def _redirected(self, method: str, path: str, target: str, location: str | None) -> str:
        """Return the target of a redirect. Raises RendererError unless a GET to the same scheme, host and port."""
        try:
            to = parse_address(urljoin(self.address.origin + target, location or ""))
        except ValueError as error:
            raise self._error(path, f"redirected to an unusable address: {error}") from None
        if to.origin != self.address.origin:
            raise self._error(
                path, f"redirected to another server, {to.origin}; if that is intended, give it with --url"
            )
        if method != "GET":
            place = one_line(to.path, _MAX_QUOTED) or "/"
            raise self._error(path, f"redirected to {place}; give the final address with --url")
        return f"{to.path or '/'}?{to.query}" if to.query else to.path or "/"

    def _request(self, method: str, target: str, body: bytes | None, limits: Limits, end: float) -> _Response:
        """Make one request. Raises RendererError for any failure except an HTTP status."""
        try:
            with self._connect(end, limits) as opened:
                return _receive(_connection(self.address, opened), method, target, body, limits)
        except TimeoutError:
            raise self._error(target, f"took longer than {limits.seconds:g} s to answer") from None
        except TooManyBytesError:
            size = f"{limits.max_bytes / _MEGABYTE:.3g} MB"
            raise self._error(target, f"answered with more than the limit of {size}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            kind = type(error).__name__
            reason = one_line(str(error), _MAX_QUOTED) or "no reason given"
            raise self._error(target, f"violated HTTP or dropped the connection ({kind}: {reason})") from error

    def _connect(self, end: float, limits: Limits) -> BoundedSocket:
        try:
            return connect(self.address, end, limits.max_bytes + _OVERHEAD)
        except ssl.SSLCertVerificationError as error:
            reason = one_line(error.verify_message, _MAX_QUOTED)
            raise RendererError(
                f"the certificate of {self.address.origin} is not valid ({reason}); "
                "fix it, or trust its issuer through the environment variable SSL_CERT_FILE"
            ) from error
        except (OSError, ValueError) as error:
            reason = one_line(getattr(error, "strerror", None) or str(error), _MAX_QUOTED)
            raise RendererError(f"there is no {self._service} at {self.url} ({reason}); {self._hint}") from error

    def _parsed(self, path: str, data: bytes, limits: Limits) -> dict[str, Any]:
        """Parse JSON after checking its number of values, before memory is allocated for them."""
        if sum(map(data.count, (b",", b"[", b"{"))) > limits.max_values:
            raise self._error(path, f"answered with more than {limits.max_values} values")
        try:
            reply = json.loads(data)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise RendererError(f"{self.url}{path} did not respond like {self._service}; give its address with --url")
        return reply

    @property
    def url(self) -> str:
        """Address as text, for messages."""
        return self.address.origin + self.address.path

    def _error(self, path: str, what: str) -> RendererError:
        return RendererError(f"{self.url} {what} ({one_line(path, _MAX_QUOTED)}); {self._hint}")


def _connection(address: ServerAddress, opened: BoundedSocket) -> http.client.HTTPConnection:
    """Return a connection that uses an open socket and never opens another one."""
    kind = http.client.HTTPConnection if address.scheme == "http" else http.client.HTTPSConnection
    connection = kind(address.host, address.port)
    connection.auto_open = 0
    connection.sock = opened
    return connection


def _receive(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None, limits: Limits
) -> _Response:
    """Send a request and read its response. Raises OSError, HTTPException, ValueError or TooManyBytesError."""
    headers = {"Accept": "application/json", "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise ValueError("a compressed response, which was not requested")
    if response.length is not None and response.length > limits.max_bytes:
        raise TooManyBytesError
    parts, size = list[bytes](), 0
    while part := response.read(_CHUNK):
        size += len(part)
        if size > limits.max_bytes:
            raise TooManyBytesError
        parts.append(part)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return _Response(response.status, response.headers.get("Location"), b"".join(parts))
