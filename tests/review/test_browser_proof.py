"""The page as a whole in a real browser: the loop of an artist on the example, screenshots, access and long shots."""

import io
import os
import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from PIL import Image

import stylize
from stylize.media.images import image_size, read_image, write_image
from stylize.project import read_notes, read_project
from stylize.project.layout import LOCK_FILE
from tests.review.browser import CHROMIUM, PATIENCE, ROOT, chromium, served, wait_for_frame
from tests.review.conftest import decoded
from tests.review.test_browser import picture_row
from tests.sliding import folder_of

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip

TABS = ("keys", "run", "settings", "mattes", "compare", "notes", "handoff")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LONG = 10_000


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(sample):
    with served(sample.root) as found:
        yield found


@pytest.fixture(scope="module")
def context(browser, address):
    found = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce", has_touch=True)
    page = found.new_page()
    page.goto(address)
    page.wait_for_url(base_of(address))
    page.close()
    yield found
    found.close()


@pytest.fixture
def page(context, address):
    with opened(context, base_of(address)) as page:
        wait_for_frame(page, 1)
        yield page


def base_of(address):
    return address.partition("/open")[0] + "/"


class opened:  # noqa: N801
    """A page of which nothing fails, and which asks only its own server."""

    def __init__(self, context, address):
        self.page, self.problems, self.asked = context.new_page(), [], []
        self.origin = "/".join(address.split("/")[:3]) + "/"
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def __enter__(self):
        return self.page

    def __exit__(self, *error):
        self.page.close()
        if error[0] is None:
            assert not self.problems, self.problems
            assert [url for url in self.asked if not url.startswith((self.origin, "blob:"))] == []


# Screenshots


def on_screen(page):
    """The number that a screenshot of the stage encodes."""
    shot = np.array(Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("L"))
    return decoded(picture_row(shot[shot.shape[0] // 2]))


def test_screenshots_show_the_frame_that_is_asked_for_and_each_one_while_playing(page):
    frames = 40
    page.keyboard.press("1")
    for press in ("End", "ArrowLeft", "PageUp", "Home", "ArrowRight"):
        page.keyboard.press(press)
        wait_for_frame(page, int(page.input_value("#frame")))
        page.wait_for_timeout(100)
        assert (
            on_screen(page)
            == int(page.input_value("#frame"))
            == int(page.locator("#stage").get_attribute("data-frame"))
        )
    page.keyboard.press("l")
    seen = []
    for _ in range(8):
        before = int(page.locator("#stage").get_attribute("data-frame"))
        shown = on_screen(page)
        after = int(page.locator("#stage").get_attribute("data-frame"))
        assert (shown - before) % frames <= (after - before) % frames + 1, (before, shown, after)
        seen.append(shown)
    page.keyboard.press("k")
    assert len(set(seen)) > 3, "it played"
    page.wait_for_timeout(150)
    assert on_screen(page) == int(page.input_value("#frame"))


# Access


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_violation_in_any_panel(page, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.click("#theme")
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.wait_for_timeout(150)
        found = axe.run(page, context="aside", options={"runOnly": RULES})
        assert found.violations_count == 0, f"{tab}: {found.generate_report()}"
    page.click("#help-open")
    found = axe.run(page, context="#help", options={"runOnly": RULES})
    assert found.violations_count == 0, found.generate_report()


def test_every_control_is_large_enough_to_hit(page):
    """Targets of 24 CSS pixels, WCAG 2.2 AA, at the smallest size of the page."""
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.wait_for_timeout(150)
        small = page.evaluate(
            "Array.from(document.querySelectorAll('button, select, input, [role=tab], summary, a')).map((one) => {"
            "const box = (one.matches('input[type=checkbox], input[type=radio], input[type=file]') && "
            "one.closest('label') || one).getBoundingClientRect();"
            "return [one.id || one.textContent.trim() || one.name, box.width, box.height]; })"
            ".filter(([, width, height]) => width && (width < 23.5 || height < 23.5))"
        )
        inline = {"Projects"}  # a link in a line of text
        assert [one for one in small if one[0] not in inline] == [], tab


def test_panels_are_reached_and_left_with_the_keyboard_alone(page):
    page.focus("#tab-keys")
    seen = []
    for _ in TABS:
        seen.append(page.evaluate("document.activeElement.id"))
        assert page.locator("[role=tabpanel]:visible").get_attribute("aria-labelledby") == seen[-1]
        page.keyboard.press("ArrowRight")
    assert seen == [f"tab-{name}" for name in TABS]
    assert page.evaluate("document.activeElement.id") == "tab-keys", "around"
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "panel-handoff"
    assert page.locator("#stage").get_attribute("data-frame") == "1", "arrows of tabs do not move the frame"
    page.wait_for_selector("#handoff-exports input", state="attached")
    for _ in range(12):
        page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement)"
        outlined = page.evaluate(f"{style}.outlineStyle !== 'none' || "
                                 "Boolean(document.activeElement.closest('label:focus-within'))")  # fmt: skip
        assert outlined, page.evaluate("document.activeElement.outerHTML.slice(0, 80)")


def test_nothing_moves_for_those_who_ask_for_less_motion(page):
    moving = page.evaluate(
        "Array.from(document.querySelectorAll('*')).filter((one) => { const style = getComputedStyle(one);"
        "return style.transitionDuration.split(',').some((time) => parseFloat(time) > 0)"
        " || style.animationName !== 'none'; }).length"
    )
    assert moving == 0


def test_touch_seeks_and_pinches(page):
    box = page.locator("#timeline").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 19.5 / 40, box["y"] + box["height"] / 2)
    wait_for_frame(page, 20)
    stage, client = page.locator("#stage").bounding_box(), page.context.new_cdp_session(page)
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    for kind, spread in (("touchStart", 40), ("touchMove", 80), ("touchMove", 160), ("touchEnd", None)):
        points = [] if spread is None else [{"x": x - spread, "y": y, "id": 1}, {"x": x + spread, "y": y, "id": 2}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.evaluate("import('/static/page.js').then(({ page }) => page.stage.zoom)") > 0
    page.touchscreen.tap(*(lambda one: (one["x"] + 5, one["y"] + 5))(page.locator("#zoom-fit").bounding_box()))
    assert page.evaluate("import('/static/page.js').then(({ page }) => page.stage.zoom)") == 0


# A long shot


@pytest.fixture(scope="module")
def long_project(tmp_path_factory, user_data):
    """A project of ten thousand frames, all of one picture each, of which a hundred have a result."""
    folder = tmp_path_factory.mktemp("long")
    one = folder_of(folder / "shot", [np.full((48, 64, 3), 99, np.uint8)]) / "plate.0001.png"
    for frame in range(2, LONG + 1):
        os.link(one, folder / "shot" / f"plate.{frame:04d}.png")
    with stylize.open(folder / "shot", to_stage="conform") as session:
        project = session.project
    for frame in range(1, LONG + 1):
        os.link(one, project / "out" / f"plate.{frame:04d}.png")
    return project


def test_ten_thousand_frames_keep_the_memory_flat(browser, long_project):
    """Twice as many frames that were displayed take no more memory, in the browser as in the server."""
    with served(long_project) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_selector("#stage[data-frame='1']")
        # A picture takes 64 * 48 * 4 bytes; the limit is lowered so that a part of the shot exceeds it.
        page.evaluate("import('/static/page.js').then(({ page }) => { page.pictures.maxBytes = 200 * 64 * 48 * 4; })")
        client, taken = context.new_cdp_session(page), []
        client.send("Performance.enable")
        for half in range(4):
            for place in range(half * 2500, half * 2500 + 2500, 400):
                page.evaluate("(place) => import('/static/page.js').then(({ page }) => page.player.seek(place))", place)
                page.wait_for_selector(f"#stage[data-frame='{place + 1}']")
            client.send("HeapProfiler.collectGarbage")
            metrics = {one["name"]: one["value"] for one in client.send("Performance.getMetrics")["metrics"]}
            kept = page.evaluate(
                "import('/static/page.js').then(({ page }) => [page.pictures.bytes, page.pictures.kept.size])"
            )
            taken.append((metrics["JSHeapUsedSize"], memory_of(address.server.pid), metrics["Nodes"], kept[0]))
        context.close()
    heap, server, nodes, pictures = zip(*taken, strict=True)
    assert heap[-1] < 1.1 * heap[0] + (1 << 20), heap
    assert server[-1] < 1.1 * server[0] + (16 << 20), server
    assert nodes[-1] <= nodes[0] + 50, nodes
    assert max(pictures) <= 201 * 64 * 48 * 4


def memory_of(pid):
    """Bytes of a process in memory."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) << 10


# The whole loop


@pytest.fixture
def example(tmp_path):
    """Eight frames of the example, small, and its reference in oil."""
    frames = []
    with av.open(str(ROOT / "examples" / "bunny.mp4")) as movie:
        for frame in movie.decode(video=0):
            frames.append(cv2.resize(frame.to_ndarray(format="rgb24"), (160, 90), interpolation=cv2.INTER_AREA))
            if len(frames) == 8:
                break
    write_image(tmp_path / "mine.png", 255 - frames[5])
    return folder_of(tmp_path / "bunny", frames)


def test_whole_loop_on_the_example(browser, example, tmp_path):
    """Open, plan, look, drop a key, re-roll another, paint on it, run, compare, take a note, approve and export."""
    oil, project = ROOT / "examples" / "oil.png", tmp_path / "bunny.stylize"
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    with (
        served(example, "--style", oil, "--keyframes", "1,4,8", "--deliver", tmp_path) as address,
        opened(context, address) as page,
    ):
        page.wait_for_selector("#stage[data-exact=true]")
        page.click("#tab-run")
        page.locator("#start-plan:enabled").click()
        ended(page)
        page.locator("#start-run:enabled").click()
        ended(page)
        assert page.inner_text("#facts").endswith("all made")
        page.keyboard.press("3")
        page.keyboard.press("l")
        page.wait_for_timeout(400)
        page.keyboard.press("k")

        page.click("#tab-compare")
        page.fill("#version-name", "first")
        page.press("#version-name", "Enter")
        page.locator("#versions li", has_text="first").wait_for()

        page.click("#tab-keys")
        page.locator("#keys button", has_text="4").first.click()
        wait_for_frame(page, 4)
        page.locator("#drop-key:enabled").click()
        page.locator("#keys button", has_text="no longer used").wait_for()

        page.locator("#keys button", has_text="8").first.click()
        wait_for_frame(page, 8)
        key = project / "keys" / "plate.0008.png"
        before = key.read_bytes()
        page.locator("#reroll:enabled").click()
        ended(page)
        assert key.read_bytes() != before, "another seed gives another painting"

        page.locator("#paint:enabled").click()
        page.locator("#paint-state", has_text="Key 8, saved").wait_for()
        rolled = read_image(key)
        stage = page.locator("#stage").bounding_box()
        x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y + 10, steps=4)
        page.mouse.up()
        page.locator("#key-title", has_text="painted").wait_for()
        page.locator("#paint-state", has_text="Key 8, saved").wait_for()
        page.click("#paint-done")
        assert (read_image(key) != rolled).any()

        page.locator("#start-run:enabled").click()
        ended(page)
        assert np.array_equal(read_image(project / "out" / "plate.0008.png"), read_image(key))

        page.click("#tab-compare")
        page.select_option("#compare-left", label="first")
        page.locator("#canvas[aria-label^='Wipe: first and Result']").wait_for()
        page.keyboard.press("5")

        page.keyboard.press("n")
        page.keyboard.press("Enter")
        page.keyboard.type("the ear is better now")
        page.keyboard.press("Control+Enter")
        page.locator("#notes li", has_text="the ear").wait_for()
        page.locator("#approve:enabled").click()
        page.click("#approve-confirm")
        ended(page)

        page.click("#tab-handoff")
        page.wait_for_selector("#handoff-exports input", state="attached")
        page.select_option("#handoff-folder", label=str(tmp_path))
        page.fill("#handoff-name", "delivery")
        page.select_option("#handoff-format", "png")
        page.check("#handoff-exports input[value=otio]")
        page.locator("#handoff-start:enabled").click()
        page.locator("#command", has_text="--export otio").wait_for()
        ended(page)
    context.close()
    delivered = tmp_path / "delivery"
    assert sorted(path.name for path in delivered.glob("*.png")) == [f"plate.{frame:04d}.png" for frame in range(1, 9)]
    assert image_size(delivered / "plate.0001.png") == (160, 90)
    assert "the ear is better now" in (delivered / "plate.otio").read_text()
    assert read_project(project)[1].keyframes == (1, 8)
    assert read_notes(project)[0].frame == 8
    [verdict] = stylize.check(tmp_path / "golden", trust=True)
    assert verdict.differences == ()
    assert not (project / LOCK_FILE).read_bytes()


def ended(page):
    """Wait until a run that was started has ended well."""
    page.wait_for_selector("body.running", timeout=PATIENCE, state="attached")
    page.wait_for_selector("body:not(.running)", timeout=4 * PATIENCE, state="attached")
    assert page.inner_text("#outcome").startswith("Done"), page.inner_text("#outcome")
