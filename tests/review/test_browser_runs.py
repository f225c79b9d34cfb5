"""The loop in a real browser: run, add and drop keys, use a picture, cancel, two tabs, and a server that is killed."""

import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

import stylize
from stylize.media.images import write_image
from stylize.project import read_project
from tests.review.browser import CHROMIUM, PATIENCE, chromium, served, wait_for_frame
from tests.sliding import picture
from tests.test_events import bits

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def open_page(context, address=None, base=None):
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address or base)
    page.wait_for_selector("#stage[data-frame]")
    return page


def wait_for_end(page, outcome="Done."):
    page.get_by_text(outcome).wait_for()
    page.wait_for_selector("body:not(.running)")


def test_loop_of_an_artist(browser, plates, style, tmp_path):
    write_image(tmp_path / "mine.png", picture(90))
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    with served(plates, "--style", style, "--keyframes", "1,8") as address:
        base = address.partition("/open")[0] + "/"
        page = open_page(context, address)
        other = open_page(context, base=base)
        assert page.locator("#watching").is_hidden()
        other.locator("#watching").wait_for()
        assert other.locator("#start-run").is_disabled()

        page.locator("#drop-key").wait_for()
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        wait_for_frame(page, 6)
        page.click("#add-key")
        page.locator("#command", has_text="--add-key 6").wait_for()
        page.click("#start-run")
        wait_for_end(page)
        assert page.locator("#facts").inner_text().endswith("all made")
        assert [row.split("\n")[0] for row in page.locator("#keys button").all_inner_texts()] == ["1", "6", "8"]
        wait_for_end(other)  # watches

        page.set_input_files("#paint-key", tmp_path / "mine.png")
        page.locator("#keys button", has_text="painted").wait_for()
        page.keyboard.press("Home")
        wait_for_frame(page, 1)
        page.click("#drop-key")
        page.locator("#keys button", has_text="no longer used").wait_for()

        other.click("#take")
        page.locator("#watching").wait_for()
        other.locator("#start-run:enabled").wait_for()
        other.click("#start-run")
        wait_for_end(other)
    context.close()
    project = plates.parent / "plates.stylize"
    settings = read_project(project)[1]
    assert (settings.keyframes, settings.add_key) == ((8,), (6,))
    (tmp_path / "painted").mkdir()
    write_image(tmp_path / "painted" / "6.png", picture(90))
    same = stylize.run(
        plates, style=style, keyframes=(8,), keys=tmp_path / "painted", add_key=(6,), project=tmp_path / "same.stylize"
    )
    assert bits(stylize.run(project)) == bits(same)


def test_run_continues_after_the_server_was_killed(browser, plates, style, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    with served(plates, "--style", style, "--keyframes", "1,8", is_killed=True) as address:
        page = open_page(context, address)
        page.locator("#start-run:enabled").click()
        page.wait_for_selector("#progress-box:not([hidden])")
        address.server.kill()
        page.locator("#connection").wait_for()
    context.close()
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    project = plates.parent / "plates.stylize"
    with served(project) as address:
        page = open_page(context, address)
        page.locator("#start-run:enabled").click()
        wait_for_end(page)
        assert page.locator("#facts").inner_text().endswith("all made")
    context.close()
    expected = stylize.run(plates, style=style, keyframes=(1, 8), project=tmp_path / "same.stylize")
    assert bits(stylize.run(project)) == bits(expected)
