"""The gate: a test for every line of the security of the page."""

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

import stylize.review
from stylize.errors import ReviewError
from stylize.review.app import make_app
from stylize.review.gate import EXCHANGE_PATH, MAX_BODY, MAX_UPLOAD, Access, Gate, hosts_of
from stylize.review.roots import Roots, open_roots, project_id
from stylize.review.serve import ServerAddress, serve
from stylize.review.server_state import Review
from tests.review.conftest import ORIGIN, PORT

STATIC = Path(stylize.review.__file__).parent / "static"


def make_client(app, **attributes):
    return TestClient(app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False, **attributes)


@pytest.fixture
def access():
    return Access(hosts_of(("127.0.0.1", "localhost"), PORT))


@pytest.fixture
def client(sample, access):
    client = make_client(make_app(Review(Roots((), (sample.root,))), access))
    assert client.get(EXCHANGE_PATH, params={"token": access.token}).status_code == 200
    return client


def picture_of(sample, text=""):
    return f"/api/project/{project_id(sample.root)}/picture/result/1?width=100{text}"


def test_server_listens_on_this_machine_unless_told_otherwise():
    assert ServerAddress().host == "127.0.0.1"
    for host in ("192.0.2.1", "2001:db8::1"):
        with pytest.raises(ReviewError, match="other machines could reach the page"):
            serve(Roots(()), ServerAddress(host), print)
    for host in ("0.0.0.0", "::", "example.org", ""):
        with pytest.raises(ReviewError, match="expected localhost, or the IP address of one interface"):
            serve(Roots(()), ServerAddress(host, is_public=True), print)


def test_token_is_exchanged_once_for_a_cookie_that_scripts_and_other_sites_cannot_use(sample, access):
    app = make_app(Review(Roots((), (sample.root,))), access)
    first, second = make_client(app), make_client(app)
    assert first.get("/").status_code == first.get(picture_of(sample)).status_code == 401
    assert first.get(EXCHANGE_PATH, params={"token": access.token[:-1]}).status_code == 401
    entered = first.get(EXCHANGE_PATH, params={"token": access.token})
    assert entered.status_code == 200
    flags = {part.strip().lower() for part in entered.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert access.token not in entered.headers["set-cookie"]
    assert first.get(picture_of(sample)).status_code == 200
    assert second.get(EXCHANGE_PATH, params={"token": access.token}).status_code == 401
    assert second.get(picture_of(sample)).status_code == 401


def test_tokens_and_cookies_are_random():
    made = [Access(frozenset()) for _ in range(4)]
    secrets = [one.token for one in made] + [one.secret for one in made]
    assert len(set(secrets)) == 8
    assert min(map(len, secrets)) >= 32


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1.evil.example:{PORT}", ""]
)
def test_other_hosts_are_refused(client, sample, host):
    """As after DNS rebinding, when a page of another site reaches this server under its own name."""
    assert client.get(picture_of(sample), headers={"host": host}).status_code == 421
    assert client.get(picture_of(sample), headers={"host": f"LOCALHOST:{PORT}"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", f"http://localhost:{PORT}"]
)
def test_other_origins_are_refused(client, sample, origin):
    assert client.get(picture_of(sample), headers={"origin": origin}).status_code == 403
    assert client.post("/api/projects", headers={"origin": origin}).status_code == 403
    assert client.get(picture_of(sample), headers={"origin": ORIGIN}).status_code == 200


def test_requests_that_change_something_need_an_origin(client):
    assert client.post("/api/projects").status_code == 403
    assert client.post("/api/projects", headers={"origin": ORIGIN}).status_code == 405


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_of_other_sites_are_refused(client, sample, site):
    assert client.get(picture_of(sample), headers={"sec-fetch-site": site}).status_code == 403


def test_every_response_has_a_policy_without_inline_script(client, sample):
    for path in ("/", "/start", "/static/review.js", "/nothing", picture_of(sample), EXCHANGE_PATH):
        policy = dict(
            part.strip().split(" ", 1) for part in client.get(path).headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert client.get(path).headers["x-content-type-options"] == "nosniff"


class _Inline(HTMLParser):
    """Finds script and style in a page, and addresses of other origins."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if (tag == "script" and "src" not in given) or tag == "style" or "style" in given:
            self.found.append(tag)
        self.found += [name for name, value in attrs if name.startswith("on")]
        self.found += [value for name, value in attrs if name in ("src", "href") and not value.startswith(("/", "#"))]


@pytest.mark.parametrize("page", sorted(STATIC.glob("*.html")), ids=lambda page: page.name)
def test_pages_have_no_inline_script_and_name_no_other_origin(page):
    parser = _Inline()
    parser.feed(page.read_text(encoding="utf-8"))
    assert not parser.found


def test_scripts_name_no_other_origin_and_make_no_markup():
    for script in STATIC.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", text), (
            script.name
        )


def raw_get(app, access, path):
    """Status and body of a request whose path no client has tidied."""
    target, _, query = path.partition("?")
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    headers = [(b"host", f"127.0.0.1:{PORT}".encode()), (b"cookie", f"{access.cookie}={access.secret}".encode())]
    scope = {
        "type": "http", "method": "GET", "path": unquote(target), "raw_path": target.encode(), "root_path": "",
        "query_string": query.encode(), "headers": headers, "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


TRAVERSALS = ["..", "../..", "..%2f..", "%2e%2e/%2e%2e", "/etc/passwd", "%2fetc%2fpasswd", "..\\..", "a\0b", "."]


@pytest.mark.parametrize("text", TRAVERSALS)
def test_no_path_of_the_browser_is_opened(sample, access, text):
    identifier, app = project_id(sample.root), make_app(Review(Roots((), (sample.root,))), access)
    assert raw_get(app, access, f"/api/project/{identifier}?part=")[0] == 200
    api = f"/api/project/{identifier}"
    paths = [
        f"/static/{text}", f"/static/../{text}", f"/api/project/{text}",
        f"/api/project/{text}/picture/result/1?width=9",
        f"{api}/picture/{text}/1?width=9", f"{api}/picture/result/{text}?width=9", f"{api}?part={text}",
    ]  # fmt: skip
    for path in paths:
        status, body = raw_get(app, access, path)
        assert status == 404, path
        assert b"root:" not in body


def test_projects_outside_the_roots_are_not_found(sample, tmp_path):
    (tmp_path / "roots" / "job").mkdir(parents=True)
    (tmp_path / "roots" / "link").symlink_to(sample.root.parent)
    roots = open_roots([tmp_path / "roots"], ())
    assert roots.projects() == {}
    with pytest.raises(ReviewError, match="no such project"):
        roots.find(project_id(sample.root))
    assert open_roots([sample.root.parent], ()).find(project_id(sample.root)) == sample.root
    with pytest.raises(ReviewError, match="expected a folder"):
        open_roots([tmp_path / "none"], ())


def test_a_link_that_leaves_the_project_is_not_opened(client, sample, tmp_path):
    outside = tmp_path / "outside.png"
    outside.write_bytes(sample.file("out", 1).read_bytes())
    assert client.get(picture_of(sample)).status_code == 200  # the project is open before the link is made
    link = sample.root / "out" / "plate.0005.png"
    before = link.read_bytes()
    link.unlink()
    link.symlink_to(outside)
    try:
        response = client.get(picture_of(sample).replace("/1?", "/5?"))
    finally:
        link.unlink()
        link.write_bytes(before)
    assert response.status_code == 404
    assert "a link that leaves it" in response.json()["error"]


async def _reads_all(scope, receive, send):
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    await PlainTextResponse(str(size))(scope, receive, send)


@pytest.mark.parametrize(("path", "limit"), [("/api/x", MAX_BODY), ("/upload/x", MAX_UPLOAD)])
def test_bodies_are_bounded_also_if_their_length_is_not_declared(access, path, limit):
    client = make_client(Gate(_reads_all, access))
    client.get(EXCHANGE_PATH, params={"token": access.token})
    piece = bytes(1 << 16)

    def body(size):
        for _ in range(size // len(piece)):
            yield piece
        yield bytes(size % len(piece))

    headers = {"origin": ORIGIN}
    assert client.post(path, content=bytes(100), headers=headers).text == "100"
    assert client.post(path, headers=headers | {"content-length": str(limit + 1)}).status_code == 413
    assert client.post(path, headers=headers | {"content-length": "-1"}).status_code == 413
    if limit == MAX_BODY:
        assert client.post(path, content=body(limit), headers=headers).text == str(limit)
        assert client.post(path, content=body(limit + 1), headers=headers).status_code == 413
