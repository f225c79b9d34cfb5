"""Comparing, notes and hand-off in a real browser."""

import json
import re
import shutil

import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

import stylize
from stylize.project import add_note, read_notes
from stylize.real_path import real_path
from stylize.review.roots import project_id
from tests.review.browser import CHROMIUM, PATIENCE, chromium, served, wait_for_frame
from tests.review.conftest import BITS, decoded
from tests.review.test_browser import ROW, picture_row

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip


@pytest.fixture(scope="module")
def root(sample, tmp_path_factory):
    """A root with a copy of the sample, which has a version, and with a project whose results are its plates."""
    root = tmp_path_factory.mktemp("looking")
    shutil.copytree(sample.root.parent / "shot", root / "shot")
    for name in ("shot.stylize", "other.stylize"):
        with stylize.open(root / "shot", to_stage="conform", project=root / name) as session:
            shutil.copytree(sample.root / "out", session.project / "out", dirs_exist_ok=True)
    stylize.save_version(root / "shot.stylize", "first", frames=True)
    for path in (root / "shot").iterdir():
        shutil.copy(path, root / "other.stylize" / "out" / path.name)
    return root


@pytest.fixture(scope="module")
def page(root):
    with served(root / "shot.stylize", "--root", root) as address, chromium() as browser:
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(PATIENCE)
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        wait_for_frame(page, 1)
        yield page
        assert not problems, problems


def halves(page):
    """The numbers that the left and the right half of the middle row encode."""
    page.wait_for_timeout(300)
    wait_for_frame(page, int(page.locator("#stage").get_attribute("data-frame")))
    [(_, row)] = page.evaluate(ROW, 1)
    return [decoded(picture_row(half)) for half in (row[: len(row) // 2], row[len(row) // 2 :])]


def test_late_answer_does_not_bring_back_a_part_that_was_left(page, root):
    """The whole shot is read again, as at the end of a run, while a person chooses a draft."""
    (root / "shot.stylize" / "drafts" / "1-2").mkdir(parents=True)
    page.evaluate("async () => (await import('/static/page.js')).reload()")
    page.route("**/api/project/*?part=", lambda route: (page.wait_for_timeout(300), route.continue_()))
    part = page.evaluate("""async () => {
      const { open, page, reload } = await import("/static/page.js");
      await Promise.all([reload(), open("drafts/1-2")]);
      return page.project.part;
    }""")
    page.unroute("**/api/project/*?part=")
    assert part == "drafts/1-2"
    page.evaluate("async () => (await import('/static/page.js')).open('')")
    shutil.rmtree(root / "shot.stylize" / "drafts")


def test_picture_that_cannot_be_read_is_explained_and_does_not_stop_playback(page):
    damaged = re.compile("/picture/result/3[?]")
    page.route(damaged, lambda route: route.fulfill(status=409, json={"error": "plate.0003.png is damaged"}))
    page.evaluate("async () => (await import('/static/page.js')).page.pictures.forgetAll()")
    page.keyboard.press("2")
    page.keyboard.press("Home")
    page.keyboard.press("l")
    assert [int(frame) for frame, _ in page.evaluate(ROW, 6)] == [1, 2, 3, 4, 5, 6]
    page.keyboard.press("k")
    assert page.inner_text("#notice") == "plate.0003.png is damaged"
    page.fill("#frame", "3")
    page.keyboard.press("Enter")
    page.locator("#missing", has_text="Frame 3 has no result").wait_for()
    page.unroute(damaged)
    page.evaluate("async () => (await import('/static/page.js')).page.pictures.forgetAll()")
    page.locator("#stage").press("Home")
    wait_for_frame(page, 1)


def test_project_that_cannot_be_opened_is_explained_and_offers_nothing_else(page, root):
    bad = root / "bad.stylize"
    bad.mkdir()
    (bad / "project.toml").write_text("shot = [")
    other, problems = page.context.new_page(), []
    other.on("pageerror", lambda error: problems.append(str(error)))
    other.goto(f"{page.url.partition('/?')[0].rstrip('/')}/?project={project_id(real_path(bad))}")
    other.locator("#notice", has_text="project.toml cannot be read").wait_for()
    buttons = {button.get_attribute("id") for button in other.locator("button:visible").all()}
    assert buttons == {"theme", "help-open"}
    for key in ("l", "p", "n", "x", "ArrowRight"):
        other.keyboard.press(key)
    other.close()
    shutil.rmtree(bad)
    assert not problems


def test_keys_of_the_box_do_nothing_once_it_is_gone(page):
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.focus("#stage")
    page.keyboard.press("n")
    page.click("#note-box-clear")
    for key in ("ArrowLeft", "Shift+ArrowDown", "Escape"):
        page.keyboard.press(key)
    assert not problems


def choose(page, side, label):
    page.select_option(f"#compare-{side}", label=label)


def test_any_two_pictures_are_compared(page):
    full = (1 << BITS) - 1
    page.click("#tab-compare")
    page.wait_for_selector("#compare-right option >> nth=3", state="attached")
    page.keyboard.press("4")
    assert halves(page) == [1, full - 1], "plate and result"
    choose(page, "right", "other.stylize")
    assert halves(page) == [1, 1]
    choose(page, "left", "first")
    assert halves(page) == [full - 1, 1], "the saved version, and the other project"
    assert page.locator("#canvas").get_attribute("aria-label") == "Side by side: first and other.stylize, frame 1"
    page.locator("#stage").press("x")
    assert halves(page) == [1, full - 1]
    page.keyboard.press("End")
    wait_for_frame(page, 40)
    assert halves(page) == [40, full - 40]
    page.click("#compare-reset")
    page.keyboard.press("Home")
    wait_for_frame(page, 1)
    assert halves(page) == [1, full - 1]


def test_version_is_saved_from_the_page_and_compared_in_words(page, root):
    page.click("#tab-compare")
    page.fill("#version-name", "second")
    page.uncheck("#version-frames")
    page.press("#version-name", "Enter")
    page.locator("#versions li", has_text="second, keys").wait_for()
    assert page.inner_text("#command") == f"stylize version save {root / 'shot.stylize'} second"
    page.click("[aria-label='List differences from second']")
    page.locator("#command", has_text="version compare").wait_for()
    assert page.locator("#version-lines li").count() > 0
    page.fill("#version-name", "second")
    page.press("#version-name", "Enter")
    page.locator("#notice", has_text="choose another name").wait_for()


def test_note_on_a_box_that_is_drawn_and_one_by_the_keyboard_alone(page, root):
    project = root / "shot.stylize"
    page.click("#tab-notes")
    page.keyboard.press("1")
    page.locator("#stage").press("PageDown")
    wait_for_frame(page, 11)
    page.click("#note-box")
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 2, box["y"] + box["height"] * 2, steps=3)
    page.mouse.up()
    page.keyboard.type("lower right")
    page.click("#note-save")
    page.locator("#notes li", has_text="lower right").wait_for()
    [note] = read_notes(project)
    assert (note.frame, note.text) == (11, "lower right")
    assert note.box == pytest.approx((0.5, 0.5, 0.5, 0.5), abs=0.02)
    assert page.inner_text("#command").startswith(f"stylize note add {project} 11 'lower right' --box 0.")

    page.locator("#stage").focus()
    page.keyboard.press("ArrowRight")
    wait_for_frame(page, 12)
    page.keyboard.press("n")
    for key in ("ArrowLeft", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "note-text"
    page.keyboard.type("by keyboard")
    page.keyboard.press("Control+Enter")
    page.locator("#notes li", has_text="by keyboard").wait_for()
    assert read_notes(project)[1].box == pytest.approx((0.33, 0.35, 0.3, 0.32))
    assert read_notes(project)[1].frame == 12

    page.click("[aria-label='Edit note 2']")
    page.fill("#note-text", "changed")
    page.click("#note-save")
    page.locator("#notes li", has_text="changed").wait_for()
    page.click("[aria-label='Go to note 1, frame 11']")
    wait_for_frame(page, 11)
    page.click("[aria-label='Remove note 1']")
    page.locator("[aria-label='Remove note 1']").wait_for(state="detached")
    assert [note.text for note in read_notes(project)] == ["changed"]


def test_notes_are_exported_and_another_tab_learns_of_new_ones(page, root):
    project = root / "shot.stylize"
    other = page.context.new_page()
    other.goto(page.url)
    other.click("#tab-notes")
    other.locator("#watching").wait_for()
    assert other.locator("#note-save").is_disabled()
    page.click("#tab-notes")
    if not read_notes(project):
        add_note(project, 3, "x")
    page.fill("#note-text", "seen by both")
    page.click("#note-save")
    other.locator("#notes li", has_text="seen by both").wait_for()
    other.close()
    page.click("#notes-export")
    page.locator("#note-files li").nth(3).wait_for()
    files = page.locator("#note-files li").all_inner_texts()
    assert [name.rpartition(".")[2] for name in files] == ["otio", "edl", "jsx", "png"]
    markers = json.loads((project / "export" / "plate_notes.otio").read_text())["tracks"]["children"][0]["children"][0]
    assert "seen by both" in [marker["comment"] for marker in markers["markers"]]


def test_hand_off_shows_its_folder_and_refuses_another(page, root):
    page.click("#tab-handoff")
    page.wait_for_selector("#handoff-exports input", state="attached")
    folders = page.locator("#handoff-folder option").all_inner_texts()
    assert folders == [str(root / "shot.stylize" / "export"), str(root)]
    page.fill("#handoff-name", "v1")
    assert page.inner_text("#handoff-target").endswith("export/v1")
    assert page.locator("#handoff-exports input[value=matte]").is_disabled(), "the project has no matte"
