"""Socket with one deadline for all traffic and one limit on the bytes received."""

import io
import socket
import ssl
import threading
import time
from typing import Any

from stylize.settings.server_address import ServerAddress

_SENT_AT_ONCE = 1 << 16


class TooManyBytesError(Exception):
    """The other side sent more bytes than allowed."""


class BoundedSocket:
    """Socket for ``http.client`` with a deadline and a byte limit.

    A socket timeout restarts with every byte: a server that sends one byte a second would never trigger it.
    """

    def __init__(self, opened: socket.socket, end: float, max_bytes: int) -> None:
        """Take over an open socket. end: deadline, by ``time.monotonic``. max_bytes: maximum to receive."""
        self._socket, self._end, self._left = opened, end, max_bytes

    def sendall(self, data: Any) -> None:
        """Send bytes. Raises OSError, which is a TimeoutError after the deadline."""
        view = memoryview(data)
        while view:
            self._socket.settimeout(remaining(self._end))
            view = view[self._socket.send(view[:_SENT_AT_ONCE]) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a file to read from."""
        return io.BufferedReader(_Reader(self))

    def receive_into(self, buffer: Any) -> int:
        """Receive at least one byte, or none at the end of the stream. Raises OSError and TooManyBytesError."""
        self._socket.settimeout(remaining(self._end))
        count = self._socket.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise TooManyBytesError
        return count

    def close(self) -> None:
        """Keep the socket open, because ``http.client`` closes connections before their response is read."""

    def __enter__(self) -> "BoundedSocket":
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, opened: BoundedSocket) -> None:
        self._opened = opened

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._opened.receive_into(buffer)


def connect(address: ServerAddress, end: float, max_bytes: int) -> BoundedSocket:
    """Connect to a server, verifying the certificate for HTTPS; the socket is a context manager.

    end: deadline, by ``time.monotonic``. max_bytes: maximum to receive. Raises OSError.
    """
    opened = _connected(address, end)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.scheme == "https":
            opened.settimeout(remaining(end))
            opened = ssl.create_default_context().wrap_socket(opened, server_hostname=address.host)
    except BaseException:
        opened.close()
        raise
    return BoundedSocket(opened, end, max_bytes)


def remaining(end: float) -> float:
    """Return the seconds until a deadline. Raises TimeoutError after it."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left


def _connected(address: ServerAddress, end: float) -> socket.socket:
    """Connect to the first of the host's addresses that answers."""
    failure: OSError = OSError(f"the host {address.host} has no address")
    for family, kind, protocol, _, place in _resolved(address, end):
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(remaining(end))
            opened.connect(place)
        except OSError as error:
            opened.close()
            failure = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise failure


def _resolved(address: ServerAddress, end: float) -> list[Any]:
    """Look up the host in a thread, because the system's lookup supports neither a deadline nor Ctrl-C."""
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=look_up, name="host lookup", daemon=True)
    thread.start()
    thread.join(remaining(end))
    if not found:
        raise TimeoutError(f"the lookup of the host {address.host} timed out")
    if isinstance(found[0], OSError):
        raise found[0]
    if isinstance(found[0], UnicodeError):
        raise OSError(f"the host {address.host} is not a valid name")
    return list(found[0])
