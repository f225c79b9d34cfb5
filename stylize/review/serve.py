"""Server of the review page, on this machine unless an address is given."""

import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylize.errors import ReviewError, StylizeError
from stylize.real_path import real_path
from stylize.review.roots import Roots

if TYPE_CHECKING:
    from stylize.review.server_state import Review

# Address that only this machine reaches, and the names that browsers give it.
LOOPBACK = "127.0.0.1"
_LOCAL_NAMES = ("127.0.0.1", "localhost")
_HINT = "run pip install '.[review]' in the source folder of stylize"


@dataclass(frozen=True)
class ServerAddress:
    """Address to listen on. port: 0 chooses a free one. is_public: other machines may reach it."""

    host: str = LOOPBACK
    port: int = 0
    is_public: bool = False


def check_extra() -> None:
    """Raise ReviewError if the libraries of the extra are not installed."""
    missing = []
    for name in ("starlette", "uvicorn", "python_multipart"):
        try:
            __import__(name)
        except ImportError:
            missing.append(name.replace("_", "-"))
    if missing:
        raise ReviewError(f"stylize review needs libraries that are not installed ({', '.join(missing)}); {_HINT}")


def serve(roots: Roots, address: ServerAddress, on_ready: Callable[[str], None], *, editor: str | None = None) -> None:
    """Serve the page until the process is interrupted. on_ready: receives the address to open, with its token.

    editor: command that opens keys for painting, by default that of the system.

    Raises ReviewError if the extra is not installed, or the address cannot be used.
    """
    check_extra()
    _check_address(address)
    import uvicorn

    from stylize.review.external_program import external_program

    program = external_program(editor)
    from stylize.review.app import make_app
    from stylize.review.gate import EXCHANGE_PATH, Access, hosts_of
    from stylize.review.server_state import Review

    with _listen(address) as listening:
        port = listening.getsockname()[1]
        names = _LOCAL_NAMES if address.host in _LOCAL_NAMES else (address.host,)
        access = Access(hosts_of(names, port), cookie=f"stylize_{port}")
        review = Review(roots, program=program)
        app = make_app(review, access)
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        _open_shown(review)
        host = f"[{address.host}]" if ":" in address.host else address.host
        on_ready(f"http://{host}:{port}{EXCHANGE_PATH}?token={access.token}")
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            review.watch.stop()
            review.runs.stop()


def _open_shown(review: "Review") -> None:
    """Open the projects that the user named, which reads all headers, so that their page is ready at once.

    What keeps one from being opened is reported by its page.
    """
    for root in review.roots.shown:
        with suppress(StylizeError):
            review.opened.open(real_path(root))


def _check_address(address: ServerAddress) -> None:
    """Raise ReviewError for an address that other machines can reach, unless the user asked for that."""
    try:
        given = ipaddress.ip_address(LOOPBACK if address.host == "localhost" else address.host)
    except ValueError:
        given = ipaddress.ip_address("0.0.0.0")
    if given.is_unspecified:
        raise ReviewError(f"--host {address.host}: expected localhost, or the IP address of one interface; give that")
    if not given.is_loopback and not address.is_public:
        raise ReviewError(
            f"--host {address.host}: other machines could reach the page, whose connection is not encrypted; give "
            "--public as well if that is intended, or tunnel the local port through SSH"
        )


def _listen(address: ServerAddress) -> socket.socket:
    """Return a socket that listens. Raises ReviewError if the address is in use or not one of this machine."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address.host, address.port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise ReviewError(
            f"--host {address.host} --port {address.port} cannot be used ({error.strerror}); choose another --port"
        ) from error
    return listening
