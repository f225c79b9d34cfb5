"""The page in a real browser: exact frames, keyboard, accessibility, and no request to anywhere else."""

import io
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from PIL import Image

from tests.review.browser import CHROMIUM, PATIENCE, chromium, served, wait_for_frame
from tests.review.conftest import BITS, BLOCK, HEIGHT, decoded

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip

# Reads the middle row of the picture as it is displayed, with the frame that the page says it displays.
ROW = """(count) => new Promise((resolve) => {
  const found = [], stage = document.getElementById("stage"), canvas = document.getElementById("canvas");
  const read = () => {
    const frame = stage.dataset.frame;
    if (frame && frame !== found.at(-1)?.[0]) {
      const pixels = canvas.getContext("2d").getImageData(0, canvas.height >> 1, canvas.width, 1).data;
      found.push([frame, Array.from(pixels.filter((_, place) => place % 4 === 0))]);
    }
    if (found.length < count) requestAnimationFrame(read); else resolve(found);
  };
  read();
})"""


@pytest.fixture(scope="module")
def address(sample):
    with served(sample.root) as found:
        yield found


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def context(browser, address):
    found = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme="dark")
    page = found.new_page()
    page.goto(address)
    page.wait_for_url(address.partition("/open")[0] + "/")
    page.close()
    yield found
    found.close()


@pytest.fixture
def page(context, address):
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems, asked = [], []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address.partition("/open")[0] + "/")
    wait_for_frame(page, 1)
    yield page
    page.close()
    assert not problems
    assert all(url.startswith(address.partition("/open")[0]) for url in asked), asked


def picture_row(row):
    """The part of a row of the stage that the picture covers, whose surroundings are grey."""
    covered = np.flatnonzero((np.array(row) < 24) | (np.array(row) > 200))
    return np.array(row)[covered[0] : covered[-1] + 1]


def frames_displayed(page, count, inverted=True):
    """Pairs of the frame that the page names, and the one that its pixels encode."""
    full = (1 << BITS) - 1
    found = page.evaluate(ROW, count)
    return [
        (int(frame), full - decoded(picture_row(row)) if inverted else decoded(picture_row(row)))
        for frame, row in found
    ]


def test_every_frame_is_displayed_in_order_while_playing(page):
    page.keyboard.press("l")
    found = frames_displayed(page, 50)
    assert all(named == encoded for named, encoded in found), found
    named = [frame for frame, _ in found]
    assert all(after == before % 40 + 1 for before, after in pairwise(named)), named
    page.keyboard.press("j")
    page.keyboard.press("j")
    found = frames_displayed(page, 12)
    assert all(named == encoded for named, encoded in found), found
    assert found[-1][0] != found[0][0]
    page.keyboard.press("k")


def test_seeking_displays_the_frame_that_is_asked_for(page):
    for press, frame in (
        ("End", 40),
        ("ArrowLeft", 39),
        ("PageUp", 29),
        ("Home", 1),
        ("PageDown", 11),
        ("ArrowRight", 12),
    ):
        page.keyboard.press(press)
        wait_for_frame(page, frame)
        assert frames_displayed(page, 1) == [(frame, frame)]
    page.fill("#frame", "33")
    page.keyboard.press("Enter")
    wait_for_frame(page, 33)
    assert frames_displayed(page, 1) == [(33, 33)]


def test_the_screen_shows_the_plate_pixel_for_pixel_at_its_own_size(page, sample):
    page.keyboard.press("1")
    page.click("#zoom-one")
    page.keyboard.press("End")
    wait_for_frame(page, 40)
    page.wait_for_timeout(100)
    shot = np.array(Image.open(io.BytesIO(page.locator("#canvas").screenshot())).convert("RGB"))
    height, width = shot.shape[:2]
    top, left = round(height / 2 - HEIGHT / 2), round(width / 2 - BITS * BLOCK / 2)
    plate = np.array(Image.open(sample.root.parent / "shot" / "plate.0040.png"))
    places = [(top + y, left + x) for y in (-1, 0, 1) for x in (-1, 0, 1)]  # as the stage is not on whole pixels
    cuts = [shot[y : y + HEIGHT, x : x + BITS * BLOCK] for y, x in places]
    assert sum(np.array_equal(cut, plate) for cut in cuts) == 1


def test_loop_range_is_kept(page):
    for press in ("Home", "PageDown", "i", "ArrowRight", "ArrowRight", "ArrowRight", "o"):
        page.keyboard.press(press)
    assert page.inner_text("#loop") == "11–14"
    wait_for_frame(page, 14, exact=False)
    page.keyboard.press("l")
    named = [frame for frame, _ in frames_displayed(page, 9)]
    assert set(named) == {11, 12, 13, 14}
    page.keyboard.press("k")
    page.keyboard.press("u")
    assert page.inner_text("#loop") == ""


def test_modes_compare_plate_and_result(page):
    full = (1 << BITS) - 1
    page.keyboard.press("1")
    wait_for_frame(page, 1)
    assert frames_displayed(page, 1, inverted=False) == [(1, 1)]
    page.keyboard.press("4")
    page.wait_for_timeout(300)
    wait_for_frame(page, 1)
    [(_, row)] = page.evaluate(ROW, 1)
    halves = row[: len(row) // 2], row[len(row) // 2 :]
    assert [decoded(picture_row(half)) for half in halves] == [1, full - 1]
    page.keyboard.press("5")
    page.wait_for_timeout(300)
    [(_, row)] = page.evaluate(ROW, 1)
    assert (picture_row(row) == 255).mean() > 0.98, "plate and result are opposites everywhere"


def test_page_works_with_the_keyboard_alone_and_shows_its_focus(page):
    page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(
            "[document.activeElement.id || document.activeElement.name || document.activeElement.className, "
            "getComputedStyle(document.activeElement).outlineStyle, "
            "getComputedStyle(document.activeElement.nextElementSibling || document.body).outlineStyle]"
        ))  # fmt: skip
    names = [name for name, *_ in seen]
    assert {"skip", "theme", "help-open", "mode", "stage", "play", "frame", "loop-in", "timeline", "zoom-in"} <= set(
        names
    )
    assert all("solid" in outlines or "auto" in outlines for name, *outlines in seen if name), seen


def test_timeline_seeks_and_reports_its_position(page):
    box = page.locator("#timeline").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 29.5 / 40, box["y"] + box["height"] / 2)
    wait_for_frame(page, 30)
    assert page.locator("#timeline").get_attribute("aria-valuenow") == "30"
    assert page.locator("#timeline").get_attribute("aria-valuetext") == "frame 30"
    page.locator("#timeline").press("ArrowRight")
    wait_for_frame(page, 31)
    page.mouse.move(box["x"] + 1, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 90, box["y"] + 30, steps=4)
    page.mouse.up()
    wait_for_frame(page, 40)
    assert page.locator("#lanes").inner_text() == "Error"
    assert page.locator("#no-keys").is_visible()


def test_overlay_is_explained_by_its_legend(page):
    page.keyboard.press("ArrowRight")
    for title in ("Error", "Key that a pixel comes from", "Motion since the previous frame"):
        page.keyboard.press("m")
        assert page.locator("#legend").inner_text().split("\n")[0] == title
    page.keyboard.press("m")
    assert page.locator("#legend").is_hidden()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("path", ["/", "/start"])
def test_axe_finds_no_violation(page, address, path, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.goto(address.partition("/open")[0] + path)
    page.wait_for_selector("#stage[data-exact=true], #projects li")
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.click("#theme")
    found = axe.Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found.violations_count == 0, found.generate_report()


def test_a_script_of_the_page_cannot_reach_another_origin(page):
    outcome = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.message)")
    assert "Failed to fetch" in outcome
    assert page.evaluate("new Promise((resolve) => addEventListener('securitypolicyviolation', "
                         "(event) => resolve(event.violatedDirective)) || fetch('http://127.0.0.1:9/').catch(() => 0))"
                         ) == "connect-src"  # fmt: skip
