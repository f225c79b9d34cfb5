"""Mattes and cuts in a real browser: paint, lasso, undo, click, propagate, the keyboard, and the timeline."""

import json

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from stylize.media.images import read_values, write_image
from stylize.project import read_project
from stylize.review.prepare import prepare_project
from tests.review.browser import CHROMIUM, PATIENCE, chromium, served, wait_for_frame
from tests.sliding import folder_of
from tests.synthetic import texture

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip

SIZE = (96, 54)
# Position on the screen of a point of the picture, given in shares of its size.
PLACE = """([x, y]) => import("/static/page.js").then(({ page }) => {
  const at = page.stage.rectangle(), box = document.getElementById("stage").getBoundingClientRect();
  return [box.left + (at.x + x * at.width) / devicePixelRatio, box.top + (at.y + y * at.height) / devicePixelRatio];
})"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    scene = texture(3, (110, 54))
    pictures = [np.ascontiguousarray(scene[:, n : n + 96]) for n in range(5)]
    folder = tmp_path_factory.mktemp("mattes")
    return prepare_project(folder_of(folder / "shot", pictures), {}, lambda event: None)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def context(browser, root):
    with served(root) as address:
        found = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme="dark")
        page = found.new_page()
        page.goto(address)
        page.wait_for_url(address.partition("/open")[0] + "/")
        page.close()
        found.address = address.partition("/open")[0] + "/"
        yield found
        found.close()


@pytest.fixture
def page(context):
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(context.address)
    wait_for_frame(page, 1)
    page.click("#tab-mattes")
    yield page
    page.close()
    assert not problems


def until(page, condition):
    """Wait until an expression is true. The policy of the page forbids to evaluate one in it."""
    for _ in range(PATIENCE // 25):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(condition)


def drag(page, *points):
    """Drag along points of the picture, in shares of its size."""
    page.mouse.move(*page.evaluate(PLACE, points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*page.evaluate(PLACE, point), steps=3)
    page.mouse.up()


def start_painting(page, frame):
    page.fill("#frame", str(frame))
    page.keyboard.press("Enter")
    page.click("#edit-matte")
    until(page, f"document.getElementById('matte-state').textContent.startsWith('Frame {frame}')")
    page.locator("#stage").focus()


def wait_saved(page, frame):
    until(page, f"document.getElementById('matte-state').textContent === 'Frame {frame}, saved'")


def painted(root, frame):
    """The painted matte of a frame: float (H, W)."""
    return read_values(root / "mattes" / "painted" / f"plate.{frame:04d}.png")[..., 0]


def test_brush_and_lasso_paint_erase_and_undo(page, root):
    start_painting(page, 1)
    page.keyboard.press("f")
    drag(page, (0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8))
    wait_saved(page, 1)
    matte = painted(root, 1)
    assert (matte[14:40, 28:68] == 1).all()
    assert matte[:, :20].max() == matte[:8].max() == matte[:, 76:].max() == 0
    assert page.inner_text("#command") == f"cp matte.png {root}/mattes/painted/plate.0001.png"
    page.keyboard.press("e")
    drag(page, (0.5, 0.5), (0.5, 0.5))
    until(page, "!document.getElementById('matte-undo').disabled")
    wait_saved(page, 1)
    assert painted(root, 1)[27, 48] == 0
    page.keyboard.press("Control+z")
    wait_saved(page, 1)
    page.wait_for_timeout(100)
    wait_saved(page, 1)
    assert np.array_equal(painted(root, 1), matte), "undo restores every bit"
    page.keyboard.press("Delete")
    page.wait_for_timeout(100)
    wait_saved(page, 1)
    assert painted(root, 1).max() == 0
    page.click("#matte-undo")
    page.wait_for_timeout(100)
    wait_saved(page, 1)
    assert np.array_equal(painted(root, 1), matte)
    page.locator("#stage").focus()
    page.keyboard.press("Escape")
    assert page.locator("#matte-bar").is_hidden()


def test_pixels_beside_a_stroke_keep_all_their_bits(page, root):
    own = np.random.default_rng(5).integers(0, 65536, SIZE[::-1], np.uint16)
    (root / "mattes" / "painted").mkdir(parents=True, exist_ok=True)
    write_image(root / "mattes" / "painted" / "plate.0005.png", own)
    start_painting(page, 5)
    page.keyboard.press("b")
    page.fill("#matte-size", "30")
    drag(page, (0.2, 0.5), (0.2, 0.5))
    until(page, "!document.getElementById('matte-undo').disabled")
    wait_saved(page, 5)
    found = np.round(painted(root, 5) * 65535).astype(np.uint16)
    (root / "mattes" / "painted" / "plate.0005.png").unlink()  # it would be propagated, too
    assert found[27, 19] == 65535
    changed = np.argwhere(found != own)
    assert 4 < len(changed) < 400
    assert np.abs(changed - (27, 19)).max() < 12, "the rest of the squares that were sent is as it was"


def test_keyboard_alone_fills_an_area_and_paints(page, root):
    start_painting(page, 2)
    for key in ("f", "Enter", *["Shift+ArrowRight"] * 2, "Enter", "Shift+ArrowDown", "Enter", "Enter"):
        page.keyboard.press(key)
    wait_saved(page, 2)
    assert 0 < painted(root, 2).sum() < 200
    before = painted(root, 2)
    for key in ("b", "Enter", "Shift+ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.wait_for_timeout(100)
    wait_saved(page, 2)
    assert painted(root, 2).sum() > before.sum()
    page.locator("#stage").press("Escape")
    page.click("#drop-matte")
    until(page, "!document.getElementById('painted-mattes').textContent.includes('Frame 2')")
    assert not (root / "mattes" / "painted" / "plate.0002.png").exists()
    assert (root / "mattes" / "painted" / "replaced" / "plate.0002.png").exists()


def test_painted_mattes_are_propagated_and_the_timeline_shows_how_well(page, root):
    start_painting(page, 1)
    page.keyboard.press("f")
    drag(page, (0.25, 0.2), (0.75, 0.2), (0.75, 0.8), (0.25, 0.8))
    wait_saved(page, 1)
    page.keyboard.press("Escape")
    assert page.inner_text("#painted-mattes li:first-child").startswith("Frame 1")
    assert page.inner_text("#painted-mattes li:first-child .badge") == "not propagated"
    page.click("#propagate-mattes")
    page.wait_for_selector("body.running")
    page.wait_for_selector("body:not(.running)", timeout=4 * PATIENCE)
    until(page, "document.getElementById('lanes').textContent.includes('Matte')")
    until(page, "!document.getElementById('painted-mattes').textContent.includes('not')")
    tracked = read_values(root / "mattes" / "tracked" / "plate.0004.png")[..., 0]
    assert tracked[27, 45] > 0.9
    assert read_project(root)[1].matte == str(root / "mattes" / "tracked")
    assert page.inner_text("#command").startswith("stylize matte ")
    assert page.locator("#timeline").get_attribute("aria-valuetext") == "frame 1, painted matte"
    page.select_option("#overlay", "matte")
    until(page, "document.getElementById('legend').textContent.startsWith('Matte')")


def test_clicks_are_kept_in_the_project_and_a_missing_model_is_explained(page, root):
    page.click("#place-clicks")
    until(page, "document.getElementById('matte-state').textContent.startsWith('Frame 1')")
    page.mouse.click(*page.evaluate(PLACE, (0.5, 0.5)))
    page.wait_for_selector("#clicks li")
    page.keyboard.down("Alt")
    page.mouse.click(*page.evaluate(PLACE, (0.1, 0.1)))
    page.keyboard.up("Alt")
    page.wait_for_selector("#clicks li:nth-child(2)")
    drag(page, (0.25, 0.25), (0.75, 0.75))
    page.wait_for_selector("#clicks li:nth-child(3)")
    lines = (root / "mattes" / "clicks.txt").read_text().split()
    assert [line.split(":")[0] for line in lines] == ["click", "exclude", "box"]
    assert lines[0] in ("click:48,27@1", "click:47,26@1", "click:47,27@1", "click:48,26@1")
    page.reload()
    page.click("#tab-mattes")
    page.wait_for_selector("#clicks li:nth-child(3)")
    until(page, "document.getElementById('model-problem').textContent !== ''")
    assert page.locator("#find-clicked").is_disabled()
    for _ in range(3):
        page.click("#clicks li:first-child button")
        page.wait_for_timeout(100)
    until(page, "document.getElementById('clicks').children.length === 0")


def test_cuts_are_added_dragged_and_removed_on_the_timeline(page, root):
    page.fill("#frame", "3")
    page.keyboard.press("Enter")
    page.click("#toggle-cut")
    until(page, "document.getElementById('toggle-cut').textContent === 'Remove cut'")
    assert read_project(root)[1].add_cut == (3,)
    assert page.locator("#timeline").get_attribute("aria-valuetext").startswith("frame 3, first of a shot")
    box = page.locator("#timeline").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 2 / 5, box["y"] + 6)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 3.5 / 5, box["y"] + 10, steps=3)
    page.mouse.up()
    until(page, "document.getElementById('command').textContent.endsWith('--add-cut 4')")
    page.locator("#timeline").press("ArrowRight")
    until(page, "document.getElementById('toggle-cut').textContent === 'Remove cut'")
    page.click("#toggle-cut")
    until(page, "document.getElementById('toggle-cut').textContent === 'Cut here'")
    assert read_project(root)[1].add_cut == ()


def test_timeline_shows_the_pictures_of_keys(page, root):
    key, (width, height) = root / "keys" / "plate.0002.png", SIZE
    colours = [(0, 255, 0), (255, 0, 255)]
    for colour in colours:
        write_image(key, np.full((height, width, 3), colour, np.uint8))
        page.reload()
        wait_for_frame(page, 1)
        until(page, "document.getElementById('lanes').textContent.includes('Keys')")
        green, other = f"{colour[1]} - pixel[1]", f"{colour[0]} - pixel[0]"
        until(page, f"""(() => {{
          const canvas = document.getElementById("timeline-canvas"), x = Math.round(canvas.width * 1.4 / 5);
          const pixel = canvas.getContext("2d").getImageData(x, Math.round(50 * devicePixelRatio), 1, 1).data;
          return Math.abs({green}) < 12 && Math.abs({other}) < 12;
        }})()""")  # fmt: skip
    key.unlink()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_violation_while_painting(page, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.click("#theme")
    start_painting(page, 1)
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = axe.Axe().run(page, options=options)
    assert found.violations_count == 0, json.dumps(found.response["violations"])[:3000]
