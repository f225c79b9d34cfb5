"""Small loopback servers that answer every request with given bytes, at any speed that a test needs."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Hostile:
    """A server on loopback. requests: the bytes received, one entry for each connection."""

    def __init__(self, answer: Callable[[socket.socket, bytes], None]) -> None:
        """answer: sends any bytes, given the connection and the request."""
        self.answer, self.requests = answer, list[bytes]()
        self.stopped = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.02)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.stopped.set()
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listening.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    self.requests.append(_request(connection))
                    self.answer(connection, self.requests[-1])


def _request(connection: socket.socket) -> bytes:
    """Read a whole request: its head, and a body of the declared length."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def server(answer: Callable[[socket.socket, bytes], None] | bytes) -> Iterator[Hostile]:
    """Run a server that sends bytes, or calls `answer`, until the block ends."""
    if isinstance(answer, bytes):
        data = answer

        def answer(connection: socket.socket, request: bytes) -> None:
            connection.sendall(data)

    one = Hostile(answer)
    try:
        yield one
    finally:
        one.close()


def ok(body: bytes, *headers: bytes) -> bytes:
    """A response with status 200, with its length unless headers are given."""
    lines = headers or (b"Content-Length: %d" % len(body),)
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines, b"", body))
