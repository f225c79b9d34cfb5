"""Keys on the page: choices for one key, moved keys, and paint that leaves all other pixels as they are."""

import shutil
import struct
import sys
import time
import zlib

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("httpx2")

from starlette.testclient import TestClient

import stylize
from stylize.errors import PaintedKeyError, PlanError, ReviewError, SettingsError
from stylize.key_painting import open_painting, save_painting
from stylize.media.images import read_image, write_image
from stylize.project import digest_of, read_project
from stylize.project.layout import STATE_FOLDER
from stylize.project.records import Records
from stylize.review.app import make_app
from stylize.review.choose_key import choices_of, choose_key
from stylize.review.external_program import external_program
from stylize.review.gate import Access, hosts_of
from stylize.review.given_key import paint_key
from stylize.review.key_edits import add_key, drop_key, move_key
from stylize.review.key_files import key_file
from stylize.review.key_watch import KeyWatch
from stylize.review.open_painting import OpenPaintings, Strokes
from stylize.review.project_state import project_state
from stylize.review.roots import Roots, project_id
from stylize.review.server_state import Review
from stylize.review.shown_project import show_project
from tests.review.conftest import ORIGIN, PORT
from tests.sliding import folder_of, picture, scene

ONE = "a" * 24


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, user_data):
    """A project with rendered keys at 1 and 6, and two candidates of each."""
    folder = tmp_path_factory.mktemp("keys")
    plates = folder_of(folder / "plates", scene(8))
    write_image(folder / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    result = stylize.run(plates, style=folder / "ref.png", keyframes=(1, 6), candidates=2, to_stage="render")
    return result.project


@pytest.fixture
def project(rendered, tmp_path, user_data):
    """A copy of that project, which may be changed."""
    shutil.copytree(rendered.parent, tmp_path / "job")
    return tmp_path / "job" / rendered.name


def shown(project):
    return show_project(project, lambda text: None)


def state_of(project, frame, part=""):
    found = shown(project)
    return next(key for key in project_state(found, found.part(part))["keys"] if key["frame"] == frame)


def settings_of(project):
    return read_project(project)[1]


def painting_of(project, frame=6):
    paintings = OpenPaintings()
    return paintings, paintings.send(shown(project), frame, "")


def strokes_png(pixels):
    """Paint as the page sends it: a PNG of 16 bits. pixels: uint16 (H, W, 4)."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


RED = np.zeros((10, 12, 4), np.uint16)
RED[2:-2, 2:-2] = (65535, 0, 0, 65535)


def paint_red(project, paintings, version, left=5, top=7, frame=6):
    return paintings.save(shown(project), frame, "", Strokes(left, top, version, strokes_png(RED)))


@pytest.mark.slow
def test_details_of_a_key_are_those_of_its_rendering(project):
    first, second = state_of(project, 1), state_of(project, 6)
    assert (first["agreement"], first["seed"], first["reason"]) == (None, 0, "requested")
    assert second["agreement"]["before"] == 1
    assert 0 <= second["agreement"]["colour"] < 0.2
    assert [one["number"] for one in second["candidates"]] == [1, 2]
    assert (second["prompt"], second["pick"], second["lock"], second["candidate"]) == (None, None, False, 1)
    write_image(project / "keys" / "plate.0001.png", picture(90))
    assert state_of(project, 6)["agreement"] is None, "its neighbour has changed"
    assert state_of(project, 1)["painted"]


@pytest.mark.slow
def test_report_measures_the_agreement_of_painted_keys(project):
    records = Records(project / STATE_FOLDER)
    write_image(project / "keys" / "plate.0006.png", picture(90))
    pictures = [digest_of(project / "keys" / f"plate.000{frame}.png") for frame in (1, 6)]
    measured = {"colour": 0.3, "structure": 0.5, "common": 0.7}
    for value, expected in (
        ({"pictures": pictures, "agreement": measured}, {**measured, "before": 1, "is_outlier": True}),
        ({"pictures": pictures[::-1], "agreement": measured}, None), ({"pictures": pictures, "agreement": None}, None),
        (measured, None), ([], None),
    ):  # fmt: skip
        records.append("report", {"fact": "agreement of keys 1 and 6", "key": "any", "value": value})
        assert state_of(project, 6)["agreement"] == expected


@pytest.mark.slow
def test_choices_are_stored_and_refused_as_by_the_command(project):
    edit = choose_key(shown(project), 6, {"pick": 2, "lock": True})
    assert edit.command == f"stylize pick {project} 6=2 --lock"
    chosen = state_of(project, 6)
    assert (chosen["pick"], chosen["lock"], chosen["candidate"]) == (2, True, 1)
    for values in ({"pick": 1}, {"seed": "new"}):
        with pytest.raises(PlanError, match="locked"):
            choose_key(shown(project), 6, values)
    for change in (drop_key, lambda found, frame: move_key(found, frame, 7)):
        with pytest.raises(PlanError, match="frame 6 is locked; unlock it first"):
            change(shown(project), 6)
    assert choose_key(shown(project), 6, {"lock": False}).command == f"stylize pick {project} 6 --unlock"
    choose_key(shown(project), 6, {"seed": "new"})
    first = state_of(project, 6)
    assert first["own_seed"] != 0
    assert first["pick"] is None, "candidates belong to the former seed"
    choose_key(shown(project), 6, {"seed": "new"})
    assert state_of(project, 6)["own_seed"] not in (0, first["own_seed"])
    choose_key(shown(project), 6, {"seed": "own"})
    assert choices_of(shown(project), shown(project).part("")) == {}
    for values in ({}, {"seed": "old"}, {"lock": 1}, {"pick": "2"}, {"prompt": 3}, {"other": 1}):
        with pytest.raises(ReviewError):
            choose_key(shown(project), 6, values)
    with pytest.raises(SettingsError, match="--renderer example reads none"):
        choose_key(shown(project), 6, {"prompt": "pen"})
    with pytest.raises(PlanError, match="expected one of its candidates 1, 2, found 3"):
        choose_key(shown(project), 6, {"pick": 3})


@pytest.mark.slow
def test_key_moves_with_its_seed_and_a_painted_one_with_its_picture(project):
    choose_key(shown(project), 6, {"seed": 77})
    edit = move_key(shown(project), 6, 7)
    assert settings_of(project).keyframes == (1, 7)
    assert edit.command.endswith(f"stylize {project} --keyframes 1,7")
    found = shown(project)
    assert {frame: one.seed for frame, one in choices_of(found, found.part("")).items()} == {7: 77}
    paint_key(shown(project), 3, "mine.png", (project / "keys" / "plate.0001.png").read_bytes())
    before = (project / "keys" / "plate.0003.png").read_bytes()
    assert f"mv {project}/keys/plate.0003.png {project}/keys/plate.0004.png" in move_key(shown(project), 3, 4).command
    assert (project / "keys" / "plate.0004.png").read_bytes() == before
    assert not (project / "keys" / "plate.0003.png").exists()
    for frame, to in ((4, 1), (4, 4), (4, 9), (2, 5), (1, 4)):
        with pytest.raises(ReviewError):
            move_key(shown(project), frame, to)
    assert settings_of(project).keyframes == (1, 4, 7)
    result = stylize.plan(project)
    assert [key.frame for key in result.shots[0].keyframes] == [1, 4, 7]


@pytest.mark.slow
def test_paint_leaves_all_other_pixels_and_can_be_erased(project):
    path = project / "keys" / "plate.0006.png"
    before, content = read_image(path), path.read_bytes()
    paintings, sent = painting_of(project)
    assert (sent.size, sent.depth, sent.has_paint, sent.is_rendered) == ((64, 36), 8, False, True)
    change, version = paint_red(project, paintings, sent.version)
    assert change.command == f"cp painted.png {path}"
    after = read_image(path)
    inside = np.zeros((36, 64), bool)
    inside[9:15, 7:15] = True
    assert np.array_equal(after[~inside], before[~inside])
    assert (after[inside] == (255, 0, 0)).all()
    assert state_of(project, 6)["painted"]
    with pytest.raises(PaintedKeyError, match="has changed in the meantime"):
        paint_red(project, paintings, sent.version)
    erase = Strokes(5, 7, version, strokes_png(np.zeros_like(RED)))
    paintings.save(shown(project), 6, "", erase)
    assert path.read_bytes() == content, "it is the rendered key again"
    assert not state_of(project, 6)["painted"]
    assert not list((project / "keys" / "painting").iterdir())


@pytest.mark.slow
def test_key_that_has_changed_is_not_overwritten(project):
    found, path = shown(project), project / "keys" / "plate.0006.png"
    file = key_file(found, found.part(""), 6)
    painting = open_painting(file, found.shot.colour)
    write_image(path, picture(90))
    content = path.read_bytes()
    with pytest.raises(PaintedKeyError, match="has changed in the meantime"):
        save_painting(painting, np.full((36, 64, 4), 65535, np.uint16))
    assert path.read_bytes() == content
    path.unlink()
    with pytest.raises(PaintedKeyError, match="has changed in the meantime"):
        save_painting(painting, np.full((36, 64, 4), 65535, np.uint16))
    assert not path.exists()


@pytest.mark.slow
def test_paint_continues_after_another_program_and_after_a_restart(project):
    path = project / "keys" / "plate.0006.png"
    rendered = path.read_bytes()
    paintings, sent = painting_of(project)
    paint_red(project, paintings, sent.version)
    edited = read_image(path)
    edited[20:24, 30:40] = (9, 8, 7)
    write_image(path, edited)
    paintings, sent = painting_of(project)
    assert (sent.has_paint, sent.is_rendered) == (True, True)
    paint_red(project, paintings, sent.version, left=40, top=2)
    assert np.array_equal(read_image(path)[20:24, 30:40], edited[20:24, 30:40])
    paintings, sent = painting_of(project)
    paintings.save(shown(project), 6, "", Strokes(0, 0, sent.version, strokes_png(np.zeros((36, 64, 4), np.uint16))))
    assert path.read_bytes() == rendered


@pytest.mark.slow
def test_deep_key_with_alpha_keeps_its_depth_and_alpha(project):
    deep = np.random.default_rng(4).integers(0, 65535, (36, 64, 4)).astype(np.uint16)
    deep[:, :32, 3] = 0
    write_image(project / "keys" / "mine_0003.tif", deep)
    paintings, sent = painting_of(project, 3)
    assert (sent.depth, sent.is_rendered) == (16, False)
    paint_red(project, paintings, sent.version, frame=3)
    after = read_image(project / "keys" / "plate.0003.png")
    inside = np.zeros((36, 64), bool)
    inside[9:15, 7:15] = True
    assert after.dtype == np.uint16
    assert np.array_equal(after[~inside], deep[~inside])
    assert (after[inside] == (65535, 0, 0, 65535)).all()
    assert [one.name for one in (project / "keys" / "replaced").iterdir()] == ["mine_0003.tif"]


@pytest.mark.slow
def test_strokes_that_are_none_are_refused_before_anything_changes(project):
    path = project / "keys" / "plate.0006.png"
    content = path.read_bytes()
    paintings, sent = painting_of(project)
    write_image(project.parent / "8.png", np.zeros((4, 4, 4), np.uint8))
    other = (project.parent / "8.png").read_bytes()
    for left, top, data in (
        (60, 0, strokes_png(RED)), (0, 30, strokes_png(RED)), (0, 0, b"no picture"), (0, 0, other),
        (0, 0, strokes_png(RED)[:-30]),
    ):  # fmt: skip
        with pytest.raises(PaintedKeyError):
            paintings.save(shown(project), 6, "", Strokes(left, top, sent.version, data))
    with pytest.raises(ReviewError, match="no key to paint on"):
        paintings.send(shown(project), 4, "")
    assert path.read_bytes() == content
    assert [one.name for one in (project / "keys").iterdir() if one.is_file()] == ["plate.0001.png", "plate.0006.png"]


@pytest.mark.slow
def test_program_opens_the_key_and_the_rendered_one_is_kept(project, tmp_path):
    script = tmp_path / "paint.py"
    script.write_text("import sys\nopen(sys.argv[1], 'ab').write(b'x')\n")
    rendered = (project / "keys" / "plate.0006.png").read_bytes()
    program = external_program(f"{sys.executable} {script}")
    edit = program.open_key(shown(project), 6)
    assert edit.command == f"{sys.executable} {script} {project}/keys/plate.0006.png"
    end = time.monotonic() + 30
    while (project / "keys" / "plate.0006.png").read_bytes() == rendered and time.monotonic() < end:
        time.sleep(0.01)
    assert (project / "keys" / "plate.0006.png").read_bytes() == rendered + b"x"
    assert (project / "keys" / "painting" / "plate.0006.png").read_bytes() == rendered
    with pytest.raises(ReviewError, match="no-such-program: no such program; start stylize review with --editor"):
        external_program("no-such-program").open_key(shown(project), 6)
    with pytest.raises(ReviewError, match="frame 4 has no key to open"):
        program.open_key(shown(project), 4)
    for editor in ("", "'"):
        with pytest.raises(ReviewError, match="--editor: expected a command"):
            external_program(editor)


@pytest.mark.slow
def test_saved_keys_are_reported_once_they_are_complete(project):
    sent = []
    watch = KeyWatch(sent.append, lambda: False)
    found = shown(project)
    watch.add(found, found.part(""))
    try:
        watch.look()
        write_image(project / "keys" / "plate.0006.png", picture(90))
        (project / "keys" / ".plate.0001.stylize-partial.png").write_bytes(b"")
        watch.look()
        assert not sent, "it may still be written"
        watch.look()
        watch.look()
        assert sent == [{"type": "keys", "project": project_id(project)}]
    finally:
        watch.stop()


@pytest.mark.slow
def test_layers_have_keys_of_their_own(project, user_data):
    folder = project.parent
    matte = np.zeros((36, 64), np.uint8)
    matte[:, :32] = 255
    write_image(folder / "left.png", matte)
    layers = [{"name": "rest", "keyframes": (1,)}, {"name": "left", "matte": folder / "left.png"}]
    layered = stylize.run(
        folder / "plates", style=folder / "ref.png", layers=layers, project=folder / "layered.stylize",
        to_stage="render", keyframes=(1, 6),
    ).project  # fmt: skip
    add_key(shown(layered), 4, "layers/rest")
    move_key(shown(layered), 6, 7, "layers/left")
    looks = {part.look.name: part.look.settings for part in shown(layered).parts.values()}
    assert (looks["rest"].keyframes, looks["rest"].add_key, looks["left"].keyframes) == ((1,), (4,), (1, 7))
    choose_key(shown(layered), 1, {"seed": 5}, "layers/rest")
    assert state_of(layered, 1, "layers/rest")["own_seed"] == 5
    assert state_of(layered, 1, "layers/left")["own_seed"] is None
    content = (project / "keys" / "plate.0001.png").read_bytes()
    paint_key(shown(layered), 3, "mine.png", content, "layers/left")
    assert (layered / "layers" / "left" / "keys" / "plate.0003.png").read_bytes() == content
    with pytest.raises(ReviewError, match="expected a layer of this project"):
        paint_key(shown(layered), 3, "mine.png", content)


@pytest.mark.slow
def test_draft_is_painted_on_the_key_of_the_full_size(project):
    stylize.run(project, draft=True, scale="1/2", to_stage="render", frames="1-8")
    found, name = shown(project), "drafts/1-2"
    paintings = OpenPaintings()
    sent = paintings.send(found, 6, name)
    assert (sent.size, sent.is_full_size) == ((64, 36), True)
    assert state_of(project, 6, name)["painting"] == state_of(project, 6)["painting"]
    paintings.save(found, 6, name, Strokes(5, 7, sent.version, strokes_png(RED)))
    assert state_of(project, 6)["painted"]
    (project / "keys" / "plate.0001.png").unlink()
    sent = paintings.send(shown(project), 1, name)
    assert (sent.size, sent.is_full_size) == ((32, 18), False)
    with pytest.raises(ReviewError, match="belong to the full size"):
        choose_key(shown(project), 6, {"lock": True}, name)
    choose_key(shown(project), 6, {"seed": 3}, name)
    assert state_of(project, 6, name)["own_seed"] == state_of(project, 6)["own_seed"] == 3
    assert drop_key(shown(project), 6, name).command.endswith("--keyframes 1")
    assert not (project / "keys" / "plate.0006.png").exists(), "a draft takes painted keys from the full size"


@pytest.mark.slow
def test_routes_of_keys_answer_the_page_in_control_only(project):
    review = Review(Roots((), (project,)), program=external_program("true"))
    access = Access(hosts_of(("127.0.0.1",), PORT))
    client = TestClient(
        make_app(review, access), base_url=ORIGIN, headers={"origin": ORIGIN}, cookies={access.cookie: access.secret}
    )
    base, mine = f"/api/project/{project_id(project)}", {"x-page": ONE}
    sent = client.get(f"{base}/painting/6")
    strokes = {"picture": ("strokes.png", strokes_png(RED))}
    upload = f"/upload/{project_id(project)}/painting/6"
    query = {"left": 5, "top": 7, "version": sent.headers["x-version"]}
    requests = {
        f"{base}/key": {"json": {"frame": 6, "change": "choose", "lock": True}},
        f"{base}/open-key": {"json": {"frame": 6}},
        upload: {"files": strokes, "params": query},
    }
    for path, body in requests.items():
        assert client.post(path, **body).status_code == 409
        assert client.post(path, headers={"x-page": "b" * 24}, **body).status_code == 409
    assert not state_of(project, 6)["painted"]
    review.writers.join(ONE)
    answer = client.post(upload, headers=mine, files=strokes, params=query).json()
    assert state_of(project, 6)["painted"]
    assert client.get(f"{base}/painting/6").headers["x-version"] == answer["version"]
    assert client.post(f"{base}/open-key", headers=mine, json={"frame": 6}).json()["command"].startswith("true ")
    for path, body in (
        ("key", {"frame": 6, "change": "move"}), ("key", {"frame": True, "change": "add"}), ("key", {"frame": 6}),
        ("key", {"frame": 6, "change": "add", "part": 3}), ("open-key", {}),
    ):  # fmt: skip
        assert client.post(f"{base}/{path}", headers=mine, json=body).status_code == 404
    for left in ("-1", "x", "99999"):
        assert client.post(upload, headers=mine, files=strokes, params=query | {"left": left}).status_code == 404
    assert client.get(f"{base}/candidate/6/2", params={"width": 160}).headers["content-type"] == "image/jpeg"
    assert client.get(f"{base}/candidate/6/7", params={"width": 160}).status_code == 404
    assert client.get(f"{base}/painting/4").status_code == 404
    review.watch.stop()
