"""The HTTP client of remote renderers, against misbehaving servers."""

import itertools
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from stylize.errors import RendererError
from stylize.renderers.http_client import HttpClient, Limits
from tests.renderers.hostile import ok, server

HANGS = 20.0  # seconds
QUICK = Limits(seconds=0.5, max_bytes=10_000, max_values=1000)


def client(url: str) -> HttpClient:
    return HttpClient(url, "Painter", "start it, or give its address with --url")


def assert_refused(call: Callable[[], object], expected: str) -> str:
    """Assert that a call fails with one line instead of hanging, and return the message."""
    started = time.monotonic()
    with pytest.raises(RendererError) as error:
        call()
    # A hang takes longer than this; a busy machine takes some of it.
    assert time.monotonic() - started < HANGS
    text = str(error.value)
    assert expected in text
    assert len(text) < 700
    assert text.isprintable()
    assert "--url" in text
    return text


def drip(data: bytes, every: float = 0.05) -> Callable[[socket.socket, bytes], None]:
    """Send one byte at a time, each within the socket timeout, for the duration of the test."""

    def answer(connection: socket.socket, request: bytes) -> None:
        for place in itertools.count():
            connection.sendall(data[place % len(data) :][:1])
            time.sleep(every)

    return answer


def endless(start: bytes, more: bytes) -> Callable[[socket.socket, bytes], None]:
    def answer(connection: socket.socket, request: bytes) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(more)

    return answer


def silent(connection: socket.socket, request: bytes) -> None:
    time.sleep(QUICK.seconds + 0.5)


def test_valid_response_is_read() -> None:
    with server(ok(b'{"a": [1, "\xc3\xbc"]}')) as one:
        assert client(one.url + "/sub/").get("/x", QUICK) == {"a": [1, "ü"]}
        assert client(one.url).post("/x", {"b": "ü"}, QUICK) == {"a": [1, "ü"]}
    assert one.requests[0].startswith(b"GET /sub/x HTTP/1.1\r\n")
    assert one.requests[1].endswith(b'\r\n\r\n{"b": "\\u00fc"}')


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"2\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
        ok(b"{}", b"Connection: close"),
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"{}"),
        ok(b" {}\n"),
    ],
)
def test_all_response_encodings_are_read(answer: bytes) -> None:
    with server(answer) as one:
        assert client(one.url).get("/", QUICK) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", "RemoteDisconnected"),
        (b"rubbish\r\n\r\n", "BadStatusLine"),
        (b"\0\xff\x1b]0;owned\x07", "BadStatusLine"),
        (b"HTTP/9.9 zzz\r\n\r\n", "BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", "IncompleteRead"),
        (ok(b"5\r\n{}", b"Transfer-Encoding: chunked"), "IncompleteRead"),
        (ok(b"zz\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), "violated HTTP"),
        (ok(b"-5\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), "violated HTTP"),
        (ok(b"", *[b"X-%d: 1" % n for n in range(2000)]), "more than 100 headers"),
        (ok(b"", b"X: " + b"a" * 70000), "LineTooLong"),
        (b"HTTP/1.1 200 " + b"a" * 70000 + b"\r\n\r\n", "LineTooLong"),
        (ok(b"\x1f\x8b\x08\0", b"Content-Encoding: gzip"), "compressed"),
        (ok(b"{}" * 6000), "more than the limit of 0.00954 MB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}", "more than the"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[]", "did not respond like Painter"),
        (ok(b"[" * 900), "did not respond like Painter"),
        (ok(b'{"a":' * 900), "did not respond like Painter"),
        (ok(b"[" + b"[],"*2000 + b"0]"), "more than 1000 values"),
        (ok(b"\xff\xfe{}"), "did not respond like Painter"),
        (ok(b"9" * 9000), "did not respond like Painter"),
        (ok(b"nul"), "did not respond like Painter"),
        (ok(b""), "did not respond like Painter"),
        (ok(b'"text"'), "did not respond like Painter"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "did not respond like Painter"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404: no reason given"),
        (b"HTTP/1.1 500 No\r\n\r\nout of\nmemory \x1b]0;a\x07\xff" + b"b" * 900, r"500: out of memory \x1b]0;a\x07"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "answered 103"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "redirected"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", "redirected"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "redirected"),
        (b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n", "redirected more than 5 times"),
        (drip(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"), "took longer than 0.5 s"),
        (drip(b"a"), "took longer than 0.5 s"),
        (lambda connection, _: (connection.sendall(ok(b"", b"A: b")[:-2]), drip(b"B: c\r\n")(connection, b"")),
         "took longer than 0.5 s"),
        (silent, "took longer than 0.5 s"),
        (endless(ok(b"", b"A: b"), b" " * 4096), "more than the"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 400), "more than the"),
        (endless(ok(b"", b"Transfer-Encoding: chunked"), b"1\r\n \r\n" * 900), "more than the"),
        (endless(ok(b"0\r\n", b"Transfer-Encoding: chunked"), b"A: b\r\n" * 900), "more than the"),
    ],
)  # fmt: skip
def test_invalid_responses_fail_with_one_line_in_time(answer: bytes, expected: str) -> None:
    with server(answer) as one:
        assert_refused(lambda: client(one.url).get("/x", QUICK), expected)


def test_depth_of_json_is_bounded() -> None:
    """Cover depths beyond Python's recursion limit with a higher limit of values."""
    wide = Limits(seconds=5, max_bytes=10**7)
    for deep in (b"[" * 900_000, b'{"a":' * 450_000, b"[" * 450_000 + b"]" * 450_000):
        with server(ok(deep)) as one, pytest.raises(RendererError, match="did not respond like Painter"):
            client(one.url).get("/", wide)


def test_values_are_counted_before_they_are_allocated() -> None:
    body = b'{"a": [' + b"[]," * 1_500_000 + b"0]}"
    with server(ok(body)) as one:
        tracemalloc.start()
        try:
            with pytest.raises(RendererError, match="more than 1000000 values"):
                client(one.url).get("/", Limits(seconds=5, max_bytes=10**8))
            assert tracemalloc.get_traced_memory()[1] < 4 * len(body)
        finally:
            tracemalloc.stop()


def test_server_that_reads_nothing_fails_at_the_deadline() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    with listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert_refused(lambda: client(url).post("/x", {"a": "b" * 20_000_000}, QUICK), "took longer than 0.5 s")


def redirecting(status: int, to: str) -> bytes:
    return f"HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_is_sent_to_another_host(status: int) -> None:
    with server(ok(b"{}")) as other:
        elsewhere = f"http://user:secret@127.0.0.1:{other.port}/x", f"{other.url}/x", f"//127.0.0.1:{other.port}/x"
        for to in (*elsewhere, "http://localhost.:1/", "https://127.0.0.1/", "ftp://127.0.0.1/", "http://other/"):
            with server(redirecting(status, to)) as one:
                text = assert_refused(lambda one=one: client(one.url).post("/x", {"plate": 1}, QUICK), "redirected to")  # type: ignore[misc]
                assert "secret" not in text
                assert_refused(lambda one=one: client(one.url).get("/x", QUICK), "redirected to")  # type: ignore[misc]
                assert len(one.requests) == 2
    assert other.requests == []


def test_get_follows_redirects_to_its_own_server_and_post_none() -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        first = request.split(b" ")[1]
        connection.sendall(redirecting(308, "/new/x?a=1") if first == b"/x" else ok(b'{"here": 1}'))

    with server(answer) as one:
        assert client(one.url).get("/x", QUICK) == {"here": 1}
        assert one.requests[1].startswith(b"GET /new/x?a=1 HTTP/1.1\r\n")
        assert_refused(lambda: client(one.url).post("/x", {"plate": 1}, QUICK), "redirected to /new/x")
        assert len(one.requests) == 3


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(ok(b'{"from": "proxy"}')) as proxy, server(ok(b'{"from": "server"}')) as one:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert client(one.url).get("/", QUICK) == {"from": "server"}
    assert proxy.requests == []


def test_missing_server_is_reported() -> None:
    assert_refused(lambda: client("http://127.0.0.1:9").get("/", QUICK), "there is no Painter at http://127.0.0.1:9 (")
    assert_refused(lambda: client("http://no-such-host.invalid").get("/", QUICK), "there is no Painter at")


def test_endless_dns_lookup_fails_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2))
    assert_refused(lambda: client("http://slow.example").get("/", QUICK), "timed out")


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://host:99999", "file:///etc/passwd", "http://a\nb", "http://u:secret@a"]
)
def test_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(RendererError, match="--url") as error:
        client(url)
    assert "secret" not in str(error.value)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key. Needs the command openssl."""
    paths = folder / "cert.pem", folder / "key.pem"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1", "-out", str(paths[0]), "-keyout", str(paths[1]))  # fmt: skip
    subprocess.run(words, check=True, capture_output=True)
    return paths


@pytest.mark.slow
def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    secure: list[bytes] = []
    plain = socket.create_server(("127.0.0.1", 0))
    plain.settimeout(5)

    def serve() -> None:
        for _ in range(2):
            connection, _ = plain.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as opened:
                    secure.append(opened.recv(65536))
                    opened.sendall(ok(b'{"secure": 1}'))
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        url = f"https://127.0.0.1:{plain.getsockname()[1]}"
        with pytest.raises(RendererError, match=r"certificate of https://127\.0\.0\.1:\d+ is not valid") as error:
            client(url).post("/", {"plate": 1}, Limits(5, 10_000))
        assert "\n" not in str(error.value)
        assert secure == []
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert client(url).get("/", Limits(5, 10_000)) == {"secure": 1}
    finally:
        thread.join()
        plain.close()


def test_https_to_an_http_server_is_reported() -> None:
    with server(ok(b"{}")) as one:
        assert_refused(
            lambda: client(one.url.replace("http", "https")).get("/", QUICK), "there is no Painter at https://"
        )


@pytest.mark.slow
def test_ctrl_c_ends_a_request_at_once() -> None:
    """Wait in a separate process for a server that sends nothing for ten minutes."""
    code = (
        "import sys\nfrom stylize.renderers.http_client import HttpClient, Limits\n"
        "print('ready', flush=True)\nHttpClient(sys.argv[1], 'P', 'x').get('/', Limits(600, 1000))\n"
    )
    with server(lambda connection, _: time.sleep(3)) as one:
        started = subprocess.Popen(
            [sys.executable, "-c", code, one.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        while not one.requests:
            time.sleep(0.02)
        os.kill(started.pid, signal.SIGINT)
        _, stderr = started.communicate(timeout=2)
        assert b"KeyboardInterrupt" in stderr


def test_request_body_is_valid_json() -> None:
    with server(ok(b"{}")) as one:
        client(one.url).post("/", {"odd": "\ud800\0\n"}, QUICK)
    assert json.loads(one.requests[0].partition(b"\r\n\r\n")[2]) == {"odd": "\ud800\0\n"}
