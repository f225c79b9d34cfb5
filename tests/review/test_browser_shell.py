"""Start page, settings, the cost of a run, its queue and live mode in a real browser."""

import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

from stylize.media.images import write_image
from stylize.project import read_project
from tests.review.browser import CHROMIUM, PATIENCE, chromium, served
from tests.sliding import picture

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def open_page(browser, address, ready="#stage[data-frame]"):
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(2 * PATIENCE)
    page.goto(address)
    page.wait_for_selector(ready)
    return page


def set_number(page, name, value):
    page.fill("#settings-search", name.replace("_", " "))
    page.fill(f"#setting-{name}", value)
    page.click("#settings-apply")
    page.wait_for_selector("#settings-bar", state="hidden")


def test_shot_is_opened_set_up_run_and_remade_live(browser, plates, style, tmp_path):
    """From the start page to a draft in live mode, with one project."""
    project = tmp_path / "plates.stylize"
    with served("--root", tmp_path) as address:
        page = open_page(browser, address, "#shots button:enabled")
        page.click("#shots button")
        page.wait_for_selector("#stage[data-frame]")
        assert page.locator("#start-run").is_disabled()

        page.click("#tab-settings")
        page.wait_for_selector("#settings details")
        page.set_input_files("#reference-file", style)
        page.wait_for_selector("#references li img")
        assert (project / "references" / "ref.png").read_bytes() == style.read_bytes()
        set_number(page, "structure", "0.7")
        assert page.inner_text("#command") == f"stylize {project} --structure 0.7"
        page.fill("#settings-search", "keyframes")
        page.fill("#setting-keyframes", "1,4,8")
        page.click("#settings-apply")
        page.get_by_text("3 keys to render, 2 spans, 8 frames").wait_for()
        page.fill("#settings-search", "structure")
        page.fill("#setting-structure", "7")
        page.click("#settings-apply")
        page.get_by_text("--structure must be a number from 0 to 1").wait_for()
        assert (read_project(project)[1].structure, read_project(project)[1].keyframes) == (0.7, (1, 4, 8))
        page.click("#settings-discard")

        page.fill("#preset-name", "Soft")
        page.click("#preset-save")
        page.wait_for_selector("#preset option:has-text('Soft')", state="attached")

        page.select_option("#run-size", "1/2")
        page.click("#start-run")
        page.get_by_text("Done.").wait_for()
        page.get_by_text("Everything is up to date.").wait_for()
        assert len(list((project / "drafts" / "1-2" / "out").iterdir())) == 8
        assert page.locator("#part option").all_inner_texts() == ["Full size", "Draft 1/2"]

        page.check("#live")
        page.wait_for_selector("body:not(.running)")
        write_image(tmp_path / "mine.png", picture(90))
        page.click("#tab-keys")
        page.keyboard.press("2")
        page.set_input_files("#paint-key", tmp_path / "mine.png")
        grey = "() => { const c = document.getElementById('canvas'), d = c.getContext('2d').getImageData("
        grey += "c.width >> 1, c.height >> 1, 1, 1).data; return d[0] === 90 && d[1] === 90 && d[2] === 90; }"
        page.wait_for_function(grey)
        assert not list((project / "out").glob("*.png"))
        page.uncheck("#live")


def test_queue_survives_a_killed_server(browser, plates, style):
    with served(plates, "--style", style, "--keyframes", "1,8", is_killed=True) as address:
        page = open_page(browser, address)
        page.locator("#start-run:enabled").click()
        page.click("#tab-run")
        page.click("#start-plan")
        page.locator("#queue li", has_text="Plan").wait_for()
        page.locator("#queue li", has_text="running").wait_for()
        address.server.kill()
        page.locator("#connection").wait_for()
    with served(plates.parent / "plates.stylize") as address:
        page = open_page(browser, address)
        page.get_by_text("Interrupted. Resume continues where it stopped.").wait_for()
        page.click("#tab-run")
        assert [text.split("\n") for text in page.locator("#queue li span").all_inner_texts()] == [
            ["Run", "paused"], ["Plan", "paused"],
        ]  # fmt: skip
        page.get_by_label("Remove Plan from the queue").click()
        page.locator("#queue li", has_text="Plan").wait_for(state="detached")
        page.click("#resume")
        page.locator("#facts", has_text="all made").wait_for()
        page.get_by_text("Done.").wait_for()
        assert not page.locator("#queue li").count()
