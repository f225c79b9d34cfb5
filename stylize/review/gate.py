"""Gate in front of all routes: access, origin and size of requests.

The server listens on this machine only, but every page that a browser shows can send requests to it. A request is
therefore answered only if it names this server as its host, comes from no other origin, and has the cookie that the
printed address was exchanged for.
"""

import hmac
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Path that exchanges the token of the printed address for a cookie.
EXCHANGE_PATH = "/open"
# Max bytes of the body of a request, and of one that uploads a picture.
MAX_BODY, MAX_UPLOAD = 1 << 16, 256 << 20
# Path prefix of requests that upload pictures.
UPLOADS = "/upload/"
_READING = frozenset({"GET", "HEAD"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# The cookie is sent only with requests that a page of this server starts, such as this one.
_ENTERED = '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
_REFUSED = (
    "Open the address that stylize review printed. It works only once; start stylize review again for a new one.\n"
)


@dataclass
class Access:
    """Hosts that the server answers for, and the secrets of its session.

    hosts: values of the header Host, in lower case. token: part of the printed address, valid once. secret: value of
    the cookie.
    """

    hosts: frozenset[str]
    cookie: str = "stylize"
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _is_used: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def exchange(self, token: str) -> bool:
        """Return whether a token is valid, and use it up."""
        with self._lock:
            if self._is_used or not hmac.compare_digest(token.encode(), self.token.encode()):
                return False
            self._is_used = True
            return True

    def admits(self, secret: str) -> bool:
        """Return whether the value of a cookie is that of this session."""
        return hmac.compare_digest(secret.encode(), self.secret.encode())


class _TooLargeError(Exception):
    """Error for a body larger than its limit."""


class Gate:
    """ASGI application that admits requests to another one; see the module docstring."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no other protocol is served
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        await self._limited(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the response to a request that is not admitted, and to the one that exchanges the token."""
        host = headers.get("host", "").lower()
        if host not in self._access.hosts:
            return PlainTextResponse("This server does not answer for that host.\n", 421)
        origin = headers.get("origin")
        if origin is None and scope["method"] not in _READING:
            return PlainTextResponse("Requests that change something need the header Origin.\n", 403)
        if origin is not None and origin.lower() != f"http://{host}":
            return PlainTextResponse("Requests from other origins are refused.\n", 403)
        if scope["path"] == EXCHANGE_PATH:
            return self._exchange(scope)
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("Requests from other sites are refused.\n", 403)
        if not self._access.admits(_cookie_of(headers, self._access.cookie)):
            return PlainTextResponse(_REFUSED, 401)
        limit = _limit_of(scope)
        if _declared_length(headers) > limit:
            return PlainTextResponse(f"A request may have at most {limit} bytes.\n", 413)
        return None

    def _exchange(self, scope: Scope) -> Response:
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] != "GET" or not self._access.exchange(token):
            return PlainTextResponse(_REFUSED, 401)
        response = HTMLResponse(_ENTERED, headers={"cache-control": "no-store"})
        response.set_cookie(self._access.cookie, self._access.secret, httponly=True, samesite="strict")
        return response

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request, up to the limit: the declared length of its body may be missing or wrong."""
        read, limit, has_begun = 0, _limit_of(scope), False

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _TooLargeError
            return message

        async def observed(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, bounded, _with_headers(observed))
        except _TooLargeError:
            if not has_begun:
                refusal = PlainTextResponse(f"A request may have at most {limit} bytes.\n", 413)
                await refusal(scope, receive, _with_headers(send))


def hosts_of(addresses: Iterable[str], port: int) -> frozenset[str]:
    """Return the values of the header Host for these names and addresses. Port 80 is omitted."""
    names = [f"[{one}]" if ":" in one else one.lower() for one in addresses]
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port == 80 else frozenset())


def _limit_of(scope: Scope) -> int:
    return MAX_UPLOAD if scope["path"].startswith(UPLOADS) else MAX_BODY


def _declared_length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else MAX_UPLOAD + 1


def _cookie_of(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _with_headers(send: Send) -> Send:
    """Return a sender that adds the headers of every response."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return sent
