"""Projects and shots that the start page lists."""

import shutil

import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from starlette.testclient import TestClient

from stylize.errors import ReviewError
from stylize.project import is_project
from stylize.review.app import make_app
from stylize.review.found_shots import find_shot, found_shots
from stylize.review.gate import Access, hosts_of
from stylize.review.recent_projects import recent_projects
from stylize.review.roots import open_roots, project_id
from stylize.review.server_state import Review
from tests.review.conftest import ORIGIN, PORT
from tests.sliding import folder_of, scene

PAGE = "a" * 24


def files(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")


def test_movies_and_sequences_without_a_project_are_found(tmp_path):
    root = tmp_path / "root"
    files(root, "one.mp4", "two.MOV", "notes.txt", "ref.png")
    files(root / "plates", "p.1001.exr", "p.1002.exr", "readme.txt")
    files(root / "pictures", "oil.png", "ink.png")
    files(root / "mixed", "a.1.png", "b.2.png", "a.3.png")
    files(root / "one.stylize", "project.toml")
    files(root / "done.stylize", "project.toml", "inside.mp4")
    files(root / ".hidden", "x.mp4")
    files(root / "a" / "b" / "c" / "d", "deep.mp4")
    files(tmp_path / "outside", "o.mp4")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "link.mp4").symlink_to(tmp_path / "outside" / "o.mp4")
    roots = open_roots([root], ())
    found = found_shots(roots)
    assert [path.relative_to(root).as_posix() for path in found.values()] == ["plates", "two.MOV"]
    assert find_shot(roots, next(iter(found))) == root / "plates"
    for identifier in ("", "0" * 16, project_id(root / "one.stylize"), "../one.mp4"):
        with pytest.raises(ReviewError, match="no such shot"):
            find_shot(roots, identifier)


def test_projects_are_described_without_opening_them(tmp_path):
    files(tmp_path / "b.stylize", "project.toml")
    files(tmp_path / "b.stylize" / "out", "b.1.png", "b.2.png")
    files(tmp_path / "b.stylize" / "drafts" / "1-2")
    [found] = recent_projects(open_roots([tmp_path], ()))["projects"]
    assert (found["name"], found["frames"], found["drafts"]) == ("b", 2, ["1/2"])
    assert found["changed"] == (tmp_path / "b.stylize" / "project.toml").stat().st_mtime


@pytest.mark.slow
def test_shot_of_a_root_is_opened_by_its_id(tmp_path):
    plates = folder_of(tmp_path / "plates", scene(3))
    review = Review(open_roots([tmp_path], ()))
    access = Access(hosts_of(("127.0.0.1",), PORT))
    client = TestClient(
        make_app(review, access), base_url=ORIGIN, headers={"origin": ORIGIN}, cookies={access.cookie: access.secret}
    )
    review.writers.join(PAGE)
    [shot] = client.get("/api/projects").json()["shots"]
    assert shot["name"] == "plates"
    assert client.post("/api/shot/0/open", headers={"x-page": PAGE}, json={}).status_code == 404
    opened = client.post(f"/api/shot/{shot['id']}/open", headers={"x-page": PAGE}, json={}).json()
    assert is_project(tmp_path / "plates.stylize")
    assert opened == {"project": project_id(tmp_path / "plates.stylize")}
    assert client.get(f"/api/project/{opened['project']}").json()["frames"] == [1, 2, 3]
    listed = client.get("/api/projects").json()
    assert (len(listed["projects"]), listed["shots"]) == (1, [])
    shutil.rmtree(plates)
