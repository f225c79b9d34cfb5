"""Every route of the application: none that changes something serves a page that only watches or another site."""

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from starlette.testclient import TestClient

from stylize.review.app import AREAS, make_app
from stylize.review.gate import Access, hosts_of
from stylize.review.roots import Roots, project_id
from stylize.review.server_state import Review
from tests.review.conftest import ORIGIN, PORT

ONE, OTHER = "a" * 24, "b" * 24
# Values for the parameters of paths; a route with another one fails until it is added here.
VALUES = {"name": "x", "shot": "0" * 16, "kind": "result", "frame": "1", "number": "1", "id": None}


def routes_of(review, method):
    found = [route for area in AREAS for route in area.routes(review) if method in route.methods]
    assert found
    return found


def path_of(route, identifier):
    path = route.path_format
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", identifier if name == "id" else VALUES[name])
    return path


@pytest.fixture
def review(sample):
    return Review(Roots((), (sample.root,)))


@pytest.fixture
def client(review):
    access = Access(hosts_of(("127.0.0.1",), PORT))
    return TestClient(
        make_app(review, access), base_url=ORIGIN, headers={"origin": ORIGIN}, cookies={access.cookie: access.secret},
        raise_server_exceptions=False,
    )  # fmt: skip


@pytest.fixture
def untouched(sample):
    def state():
        return {path: path.stat().st_mtime_ns for path in sample.root.rglob("*") if path.name != "keys"}

    before = state()
    yield
    assert state() == before, "nothing was changed"


@pytest.mark.usefixtures("untouched")
def test_routes_that_change_something_serve_only_the_page_in_control(client, review, sample):
    review.writers.join(ONE)
    review.writers.join(OTHER)
    changing = [route for route in routes_of(review, "POST") if route.path != "/api/writer"]
    assert len(changing) > 10
    for route in changing:
        path = path_of(route, project_id(sample.root))
        for headers in ({}, {"x-page": OTHER}, {"x-page": "c" * 24}):
            refused = client.post(path, headers=headers, json={})
            assert refused.status_code == 409, path
            assert "another tab" in refused.json()["error"], path
        assert client.get(path).status_code < 500, f"{path}: an address alone changes nothing"


@pytest.mark.usefixtures("untouched")
def test_requests_without_the_right_values_are_refused_in_one_line(client, review, sample):
    review.writers.join(ONE)
    for route in routes_of(review, "POST"):
        if route.path in ("/api/writer", "/api/cancel", "/api/pause") or route.path.endswith(("/resume", "/live")):
            continue  # these have no values
        path = path_of(route, project_id(sample.root))
        bodies = [
            b"{",
            b"[]",
            b"1",
            b'{"change": 1, "frame": "x", "action": [], "name": {}, "settings": [], "options": 3}',
        ]
        for body in bodies:
            refused = client.post(path, headers={"x-page": ONE}, content=body)
            assert refused.status_code in (404, 409), (path, body, refused.text)
            assert "\n" not in refused.json()["error"], path


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_project_that_the_roots_do_not_have_is_not_found(client, review, sample, method):
    review.writers.join(ONE)
    for route in routes_of(review, method):
        if "id" not in route.param_convertors:
            continue
        for identifier in ("0" * 16, "..", "%2e%2e", str(sample.root).replace("/", "%2f")):
            path = path_of(route, identifier)
            found = client.request(method, path, headers={"x-page": ONE}, **({"json": {}} if method == "POST" else {}))
            assert found.status_code in (404, 409), (path, found.status_code)
            assert str(sample.root) not in found.text


@pytest.mark.usefixtures("untouched")
def test_options_of_a_page_stay_in_its_reach(client, review, sample, tmp_path):
    review.writers.join(ONE)
    path = f"/api/project/{project_id(sample.root)}/start"
    for options in (
        {"output": str(tmp_path / "out")}, {"style": "/etc/passwd"}, {"trust": True}, {"overwrite": True},
        {"project": str(tmp_path)}, {"log_json": str(tmp_path / "log")}, {"url": "http://192.0.2.1/"}, {"unknown": 1},
        {"keys": "../../.."},
    ):  # fmt: skip
        refused = client.post(path, headers={"x-page": ONE}, json={"action": "run", "options": options})
        assert refused.status_code in (404, 409), (options, refused.text)
    assert not list(tmp_path.iterdir())
