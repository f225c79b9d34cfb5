"""Routes that change something: only the page in control may use them."""

import re

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from starlette.testclient import TestClient

from stylize.media.images import write_image
from stylize.review.app import AREAS, make_app
from stylize.review.gate import Access, hosts_of
from stylize.review.prepare import prepare_project
from stylize.review.roots import Roots, project_id
from stylize.review.server_state import Review
from tests.review.conftest import ORIGIN, PORT
from tests.sliding import picture

ONE, OTHER = "a" * 24, "b" * 24


@pytest.fixture
def review(plates):
    return Review(Roots((), (prepare_project(plates, {}, lambda event: None),)))


@pytest.fixture
def client(review):
    access = Access(hosts_of(("127.0.0.1",), PORT))
    return TestClient(
        make_app(review, access), base_url=ORIGIN, headers={"origin": ORIGIN}, cookies={access.cookie: access.secret}
    )


@pytest.mark.slow
def test_error_of_the_file_system_is_explained(client, review, plates):
    root = review.roots.shown[0]
    (root / "keys" / next(plates.iterdir()).name).mkdir(parents=True)
    answer = client.get(f"/api/project/{project_id(root)}")
    assert answer.status_code == 409
    assert re.fullmatch(r"\S+/keys/\S+: Is a directory; check .*", answer.json()["error"])


@pytest.mark.slow
def test_only_the_page_in_control_may_change_the_project(client, review):
    project = project_id(review.roots.shown[0])
    write_image(review.roots.shown[0].parent / "key.png", picture(90))
    content = (review.roots.shown[0].parent / "key.png").read_bytes()
    review.writers.join(ONE)
    review.writers.join(OTHER)
    requests = {
        f"/api/project/{project}/start": {"json": {"action": "plan"}},
        f"/api/project/{project}/key": {"json": {"frame": 2, "change": "add"}},
        "/api/cancel": {"json": {}},
        f"/upload/{project}/key/3": {"files": {"picture": ("key.png", content)}},
    }
    for path, body in requests.items():
        for page in ({}, {"x-page": OTHER}):
            refused = client.post(path, headers=page, **body)
            assert (refused.status_code, "another tab" in refused.json()["error"]) == (409, True), path
    assert not review.runs.is_running
    assert not list((review.roots.shown[0] / "keys").iterdir())
    assert client.post("/api/writer", headers={"x-page": "c" * 24}).status_code == 404
    assert client.post("/api/writer", headers={"x-page": OTHER}).status_code == 200
    path = f"/upload/{project}/key/3"
    assert client.post(path, headers={"x-page": ONE}, **requests[path]).status_code == 409
    accepted = client.post(path, headers={"x-page": OTHER}, **requests[path])
    assert accepted.json()["command"].startswith("cp key.png ")
    assert [one.name for one in (review.roots.shown[0] / "keys").iterdir()] == ["plate.0003.png"]


@pytest.mark.slow
def test_every_route_that_changes_something_asks_who_is_in_control(client, review):
    values = {"id": project_id(review.roots.shown[0]), "frame": "3"}
    review.writers.join(ONE)
    changing = {
        route.path for area in AREAS for route in area.routes(review) if set(route.methods) - {"GET", "HEAD"}
    } - {"/api/writer"}
    assert {"/api/cancel", "/upload/{id}/key/{frame:int}"} <= changing
    for path in changing:
        filled = re.sub(r"\{(\w+)(:\w+)?\}", lambda found: values.get(found[1], "x"), path)
        refused = client.post(filled, json={}, headers={"x-page": OTHER})
        assert (refused.status_code, "another tab" in refused.json()["error"]) == (409, True), path


@pytest.mark.slow
def test_malformed_requests_are_refused_in_one_line(client, review):
    review.writers.join(ONE)
    project, mine = project_id(review.roots.shown[0]), {"x-page": ONE}
    for path, body in (
        ("start", b'{"action": "plan", "options": []}'), ("remove", b'{"task": "x"}'), ("remove", b'{"task": 9}'),
        ("start", b"{"), ("start", b"[]"), ("start", b'{"action": 1}'), ("start", b'{"action": "open"}'),
        ("key", b'{"frame": "2", "change": "add"}'), ("key", b'{"frame": 2, "change": "remove"}'),
        ("key", b"[" * 60000), ("cut", b'{"frame": "2", "change": "add"}'), ("cut", b'{"frame": 2, "change": "x"}'),
        ("cut", b'{"frame": 2, "change": "move"}'), ("mattes/clicks", b'{"clicks": [1]}'), ("mattes/drop", b"{}"),
        ("mattes/clicks", b'{"clicks": "click:1,1@1"}'), ("mattes/start", b'{"action": "run"}'),
        ("mattes/use", b'{"matte": "/etc"}'), ("mattes/use", b'{"matte": "clicks"}'),
    ):  # fmt: skip
        refused = client.post(f"/api/project/{project}/{path}", headers=mine, content=body)
        assert refused.status_code == 404
        assert "\n" not in refused.json()["error"]
    assert client.post(f"/upload/{project}/key/3", headers=mine, data={"picture": "text"}).status_code == 404
    picture = {"picture": ("paint.png", b"no picture")}
    for query in ({"left": "-1"}, {"top": "1e3"}, {"part": "../x"}):
        assert client.post(f"/upload/{project}/matte/3", headers=mine, params=query, files=picture).status_code == 404
    refused = client.post(f"/upload/{project}/matte/3", headers=mine, files=picture)
    assert (refused.status_code, "\n" in refused.json()["error"]) == (409, False)
    assert client.get("/api/events", params={"page": "x"}).status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"style": "/etc/hostname"}, "--style: /etc/hostname is outside the project"),
        ({"guide": ["/etc/hostname:2"]}, "--guide: /etc/hostname is outside the project"),
        ({"output": "/tmp/x.mov"}, "--output: /tmp/x.mov is outside the project"),
        ({"trust": True}, "--trust cannot be given here"),
        ({"allow": ["/"]}, "--allow cannot be given here"),
        ({"log_json": "/tmp/x"}, "--log-json cannot be given here"),
        ({"url": "http://example.org"}, "--url: http://example.org is on another machine"),
    ],
)
def test_page_cannot_name_anything_outside_the_project_and_the_roots(client, review, options, text):
    review.writers.join(ONE)
    path = f"/api/project/{project_id(review.roots.shown[0])}/start"
    refused = client.post(path, headers={"x-page": ONE}, json={"action": "run", "options": options})
    assert (refused.status_code, text in refused.json()["error"]) == (404, True), refused.json()
    assert not review.runs.is_running
    assert not review.runs.tasks(review.roots.shown[0])
