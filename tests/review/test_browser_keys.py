"""Keys and the painter in a real browser: mouse, pen, touch and keyboard, and what they leave in the file of a key."""

import shutil

import numpy as np
import pytest

pytest.importorskip("starlette")
pytest.importorskip("playwright")

import stylize
from stylize.media.images import read_image, write_image
from tests.review.browser import CHROMIUM, PATIENCE, chromium, served, wait_for_frame
from tests.sliding import folder_of, scene

pytestmark = [
    pytest.mark.slow, pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
    # What the browser's protocol leaves open at its end.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]  # fmt: skip

# Sends events of a pointer to the stage. Positions are shares of the picture of a key; see ``at``.
POINTER = """(steps) => {
  const stage = document.getElementById("stage");
  stage.setPointerCapture = () => {}; // these pointers exist only in events
  for (const [type, x, y, pressure, pointerType = "pen", button = 0, pointerId = 7] of steps)
    stage.dispatchEvent(new PointerEvent(type, {
      bubbles: true, cancelable: true, pointerId, pointerType, clientX: x, clientY: y, pressure, button,
    }));
}"""
# The picture as the painter displays it, in pixels of the key.
DISPLAYED = """async () => {
  const { activeTool } = await import("/static/tools.js");
  const canvas = activeTool().pictures().result;
  return Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
}"""


@pytest.fixture(scope="module")
def project(tmp_path_factory, user_data):
    """A project with rendered keys at 1 and 6, and two candidates of each."""
    folder = tmp_path_factory.mktemp("painter")
    plates = folder_of(folder / "plates", scene(8))
    write_image(folder / "ref.png", np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8))
    return stylize.run(
        plates, style=folder / "ref.png", keyframes=(1, 6), candidates=2, to_stage="render"
    ).project  # fmt: skip


@pytest.fixture(scope="module")
def address(project):
    with served(project, "--editor", "true") as found:
        yield found


@pytest.fixture(scope="module")
def context(address):
    with chromium() as browser:
        found = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark", has_touch=True)
        page = found.new_page()
        page.goto(address)
        page.wait_for_selector("#stage[data-frame]")
        page.close()
        yield found
        found.close()


@pytest.fixture
def page(context, address, project):
    before = {path.name: path.read_bytes() for path in (project / "keys").glob("*.png")}
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address.partition('/open')[0]}/?frame=6")
    wait_for_frame(page, 6, exact=False)
    yield page
    page.close()
    assert not problems
    shutil.rmtree(project / "keys" / "painting", ignore_errors=True)
    (project / "keys.csv").unlink(missing_ok=True)
    for name, content in before.items():
        (project / "keys" / name).write_bytes(content)


def open_painter(page):
    page.locator("#paint:enabled").click()
    page.locator("#paint-state", has_text="Key 6, saved").wait_for()


def wait_until_saved(page, path, before):
    """Wait until the file of a key has changed, and return its pixels."""
    page.locator("#paint-state", has_text="Key 6, saved").wait_for()
    for _ in range(600):
        if (now := path.read_bytes()) != before:
            return read_image(path), now
        page.wait_for_timeout(50)
    raise AssertionError("nothing was saved")


def at(page, x, y):
    """Position on the screen of a pixel of a key of 64x36."""
    return page.evaluate(
        "async ([x, y]) => { const { page } = await import('/static/page.js');"
        "const box = document.getElementById('stage').getBoundingClientRect();"
        "const [left, top] = page.stage.toScreen({ x, y }); return [box.left + left, box.top + top]; }",
        [x, y],
    )


def set_colour(page, colour):
    page.evaluate(
        "(colour) => { const input = document.getElementById('paint-colour'); input.value = colour;"
        "input.dispatchEvent(new Event('input')); }",
        colour,
    )


def set_size(page, size):
    page.evaluate(
        "(size) => { const input = document.getElementById('paint-size'); input.step = 'any';"
        "input.value = 100 * Math.log(size) / Math.log(500); input.dispatchEvent(new Event('input')); }",
        size,
    )


def drag(page, *points):
    page.mouse.move(*at(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*at(page, *point), steps=3)
    page.mouse.up()


def pen(page, *points, kind="pen", button=0):
    """A stroke of a pen. points: x, y and pressure."""
    places = [(*at(page, x, y), pressure) for x, y, pressure in points]
    kinds = ["pointerdown", *["pointermove"] * (len(places) - 2), "pointerup"]
    page.evaluate(POINTER, [[name, *place, kind, button] for name, place in zip(kinds, places, strict=True)])


def test_mouse_paints_and_undo_restores_the_rendered_key(page, project):
    path = project / "keys" / "plate.0006.png"
    content, before = path.read_bytes(), read_image(path)
    open_painter(page)
    set_colour(page, "#ff2010")
    set_size(page, 6)
    drag(page, (10.5, 8.5), (30.5, 8.5))
    after, painted = wait_until_saved(page, path, content)
    assert (after[8, 12:29] == (255, 32, 16)).all()
    changed = (after != before).any(axis=2)
    assert not changed[:4].any()
    assert not changed[13:].any()
    assert not changed[:, 36:].any()
    displayed = np.array(page.evaluate(DISPLAYED)).reshape(36, 64, 4)[..., :3]
    assert np.array_equal(displayed, after)
    page.locator("#key-title", has_text="painted").wait_for()
    page.keyboard.press("Control+z")
    assert wait_until_saved(page, path, painted)[1] == content, "it is the rendered key, byte for byte"
    page.locator("#key-title .badge").wait_for(state="detached")
    page.keyboard.press("Control+Shift+z")
    assert np.array_equal(wait_until_saved(page, path, content)[0], after)
    page.keyboard.press("e")
    drag(page, (10.5, 8.5), (30.5, 8.5))
    assert np.array_equal(wait_until_saved(page, path, painted)[0][8, 12:29], before[8, 12:29])
    page.keyboard.press("Escape")
    page.locator("#painter").wait_for(state="hidden")


def test_pen_presses_erases_and_lets_the_hand_rest(page, project):
    path = project / "keys" / "plate.0006.png"
    content, before = path.read_bytes(), read_image(path)
    open_painter(page)
    set_colour(page, "#00ff00")
    set_size(page, 10)
    pen(page, (5, 20, 0.1), *((5 + step, 20, 0.1 + step / 60) for step in range(1, 51)), (55, 20, 0))
    after, painted = wait_until_saved(page, path, content)
    widths = (after != before).any(axis=2).sum(axis=0)
    assert 1 <= widths[8] < widths[30] < widths[52] <= 11
    pen(page, (30, 20, 1), (30, 20, 1), (30, 20, 0), button=5)
    erased, now = wait_until_saved(page, path, painted)
    assert np.array_equal(erased[18:23, 29:32], before[18:23, 29:32])
    pen(page, (5, 5, 1), (20, 5, 1), (20, 5, 0), kind="touch")
    page.wait_for_timeout(200)
    assert path.read_bytes() == now, "the hand rests on the screen"


def test_clone_smudge_and_picked_colours(page, project):
    path = project / "keys" / "plate.0006.png"
    content, before = path.read_bytes(), read_image(path)
    open_painter(page)
    set_size(page, 8)
    page.evaluate("document.getElementById('paint-hardness').value = 100;"
                  "document.getElementById('paint-hardness').dispatchEvent(new Event('input'))")  # fmt: skip
    page.keyboard.press("c")
    drag(page, (40.5, 20.5), (42.5, 20.5))
    assert "Set the source first" in page.inner_text("#paint-hint")
    page.keyboard.down("Alt")
    page.mouse.click(*at(page, 10.5, 10.5))
    page.keyboard.up("Alt")
    drag(page, (40.5, 20.5), (46.5, 20.5))
    after, cloned = wait_until_saved(page, path, content)
    assert np.array_equal(after[18:23, 41:46], before[8:13, 11:16]), "copied exactly"
    page.keyboard.press("s")
    drag(page, (20.5, 30.5), (34.5, 30.5))
    smudged, content = wait_until_saved(page, path, cloned)
    changed = (smudged != after).any(axis=2)
    assert changed[27:34, 22:34].mean() > 0.5
    assert not changed[:25].any()
    page.mouse.move(*at(page, 3.5, 3.5))
    page.keyboard.press("i")
    assert page.locator("input[name=paint-tool][value=brush]").is_checked()
    set_size(page, 2)
    drag(page, (60.5, 3.5), (60.5, 3.5))
    assert np.array_equal(wait_until_saved(page, path, content)[0][3, 60], smudged[3, 3])


def test_keyboard_paints(page, project):
    path = project / "keys" / "plate.0006.png"
    content, before = path.read_bytes(), read_image(path)
    open_painter(page)
    set_size(page, 4)
    page.focus("#stage")
    for key in ("b", "Enter", "Shift+ArrowRight", "ArrowRight", "Enter", "Shift+ArrowDown"):
        page.keyboard.press(key)
    after, _ = wait_until_saved(page, path, content)
    changed = (after != before).any(axis=2)
    assert changed[18, 33:42].all()
    assert not changed[22:].any()
    assert page.locator("#stage").get_attribute("data-frame") == "6", "arrows did not leave the frame"


def test_stroke_in_progress_belongs_to_the_key_that_it_was_begun_on(page, project):
    path = project / "keys" / "plate.0006.png"
    content = path.read_bytes()
    open_painter(page)
    page.mouse.move(*at(page, 10.5, 8.5))
    page.mouse.down()
    page.mouse.move(*at(page, 30.5, 8.5), steps=3)
    page.keyboard.press("Home")
    page.locator("#paint-state", has_text="Key 1, saved").wait_for()
    page.mouse.move(*at(page, 40.5, 8.5))
    page.mouse.up()
    page.keyboard.press("End")
    page.keyboard.press("PageUp")
    page.evaluate("async () => (await import('/static/page.js')).page.player.seekFrame(6)")
    _, painted = wait_until_saved(page, path, content)
    page.focus("#stage")
    for key in ("Enter", "Shift+ArrowRight", "p"):  # leaves the painter with the brush of the keyboard down
        page.keyboard.press(key)
    page.locator("#painter").wait_for(state="hidden")
    open_painter(page)
    wait_until_saved(page, path, painted)


def test_strokes_wait_for_a_server_that_does_not_answer(page, project):
    path = project / "keys" / "plate.0006.png"
    content = path.read_bytes()
    open_painter(page)
    page.route("**/upload/**", lambda route: route.abort())
    drag(page, (10.5, 8.5), (30.5, 8.5))
    page.locator("#paint-state", has_text="Not saved yet.").wait_for()
    page.keyboard.press("Home")
    page.locator("#paint-state", has_text="Key 1, saved").wait_for()
    page.unroute("**/upload/**")
    assert path.read_bytes() == content
    # The server says who is in control whenever a page has found it again.
    page.evaluate("async () => { const { post } = await import('/static/api.js'); await post('/api/writer'); }")
    page.locator("#command", has_text="plate.0006").wait_for()
    assert path.read_bytes() != content


def test_refused_stroke_takes_the_one_along_that_follows_it(page, project):
    path = project / "keys" / "plate.0006.png"
    content = path.read_bytes()
    open_painter(page)
    page.route(
        "**/upload/**", lambda route: (page.wait_for_timeout(300), route.fulfill(status=409, json={"error": "changed"}))
    )
    drag(page, (10.5, 8.5), (30.5, 8.5))
    page.mouse.move(*at(page, 10.5, 20.5))
    page.mouse.down()
    page.locator("#notice", has_text="changed").wait_for()
    page.mouse.move(*at(page, 30.5, 20.5))
    page.mouse.up()
    page.unroute("**/upload/**")
    page.locator("#paint-state", has_text="Key 6, saved").wait_for()
    assert path.read_bytes() == content
    drag(page, (10.5, 8.5), (30.5, 8.5))
    wait_until_saved(page, path, content)


@pytest.mark.parametrize("control", ["#paint-key", "#paint-colour"])
def test_space_opens_the_chooser_that_has_the_focus(page, control):
    open_painter(page)
    page.evaluate(
        "(control) => { window.clicked = []; document.querySelector(control).addEventListener('click', (event) => {"
        "event.preventDefault(); window.clicked.push(control); }); }",
        control,
    )
    page.focus(control)
    page.keyboard.press("Space")
    assert page.evaluate("window.clicked") == [control]
    assert page.locator("body.playing").count() == 0


def test_settings_keep_the_focus_when_the_project_is_read_again(page):
    page.click("#tab-settings")
    page.fill("#settings-search", "prompt")
    page.locator("#setting-prompt").focus()
    page.keyboard.type("a fo")
    page.evaluate("async () => (await import('/static/page.js')).reload()")
    page.wait_for_load_state("networkidle")
    page.keyboard.type("x")
    assert page.input_value("#setting-prompt") == "a fox"


def test_file_that_misses_its_place_does_not_replace_the_page(page):
    dropped = """(place) => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "x.png", { type: "image/png" }));
      const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data });
      document.querySelector(place).dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    assert page.evaluate(dropped, "#stage")
    assert page.evaluate(dropped, "aside")


def test_picture_saved_elsewhere_is_taken_up_while_painting(page, project):
    path = project / "keys" / "plate.0006.png"
    content = path.read_bytes()
    open_painter(page)
    edited = read_image(path)
    edited[2:6, 2:6] = (1, 2, 3)
    write_image(path, edited)
    page.locator("#key-title", has_text="painted").wait_for()
    page.locator("#paint-state", has_text="Key 6, saved").wait_for()
    assert np.array_equal(np.array(page.evaluate(DISPLAYED)).reshape(36, 64, 4)[..., :3], edited)
    page.click("#open-key")
    page.locator("#command", has_text=f"true {path}").wait_for()
    page.click("#paint-clear")
    page.locator("#key-title .badge").wait_for(state="detached")
    assert path.read_bytes() == content, "the rendered key is restored"


def test_panel_changes_one_key(page, project):
    page.locator("#candidates button", has_text="2").click()
    page.locator("#key-title", has_text="candidate 2 in the next run").wait_for()
    assert page.inner_text("#command").endswith("6=2")
    page.check("#key-lock")
    page.locator("#key-title", has_text="locked").wait_for()
    assert page.is_disabled("#drop-key")
    assert page.is_disabled("#move-key")
    page.click("#key-lock")
    page.locator("#drop-key:enabled").wait_for()
    page.fill("#key-own-seed", "7")
    page.keyboard.press("Tab")
    page.locator("#command", has_text="6= --seed 7").wait_for()
    box = page.locator("#timeline").bounding_box()
    middle = [box["x"] + box["width"] * (frame - 0.5) / 8 for frame in (6, 7)]
    for before, after in (middle, middle[::-1]):
        page.mouse.move(before, box["y"] + 28)
        page.mouse.down()
        page.mouse.move(after, box["y"] + 30, steps=3)
        page.mouse.up()
        page.wait_for_selector(f"#keys button[data-frame='{7 if before < after else 6}'][aria-current]")
    assert page.inner_text("#key-title").startswith("Key 6")
    assert page.input_value("#key-own-seed") == "7", "it moved along, and back"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_no_violation_in_the_painter(page, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.click("#theme")
    open_painter(page)
    found = axe.Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found.violations_count == 0, found.generate_report()


def test_stroke_covers_what_is_near_its_path_whatever_the_number_of_events(page):
    found = page.evaluate("""async () => {
      const { Layer, Stroke, blendTowards, coverage } = await import("/static/brush.js");
      const brush = { size: 9, hardness: 0.4, opacity: 0.5, pressureSize: false, pressureOpacity: false };
      const paint = (points) => {
        const layer = new Layer(90, 70, 1), stroke = new Stroke(layer, brush, blendTowards([1]));
        for (const [x, y] of points) stroke.to(x, y);
        stroke.end();
        return layer;
      };
      const point = (share) => [10 + 60 * share, 12 + 40 * share];
      const line = (count) => Array.from({ length: count + 1 }, (_, n) => point(n / count));
      const few = paint(line(1)), many = paint(line(97));
      const levels = Array.from({ length: 90 }, (_, n) => coverage(n / 10, 4.5, 0.4));
      const undone = few.undo() && few.data.every((value) => value === 0);
      few.redo();
      return [Array.from(few.data), Array.from(many.data), levels, undone];
    }""")
    few, many, levels = (np.array(one) for one in found[:3])
    assert np.abs(few - many).max() < 1e-5
    y, x = np.mgrid[:70, :90] + 0.5
    share = np.clip(((x - 10) * 60 + (y - 12) * 40) / (60**2 + 40**2), 0, 1)
    distance = np.hypot(x - 10 - 60 * share, y - 12 - 40 * share)
    expected = 0.5 * np.interp(distance, np.arange(90) / 10, levels)
    assert np.abs(few.reshape(70, 90) - expected).max() < 0.01
    assert (levels[0], levels[-1], found[3]) == (1, 0, True)
    assert (np.diff(levels) <= 0).all()


def test_paint_leaves_the_page_without_loss(page, tmp_path):
    values = np.random.default_rng(5).integers(0, 65536, (7, 9, 4)).astype(np.uint16)
    values[..., 3] = np.maximum(values[..., 3], 1)
    sent = page.evaluate("""async ([values, width, height]) => {
      const { encodePng } = await import("/static/png.js");
      const blob = await encodePng(Uint16Array.from(values), width, height);
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    }""", [values.ravel().tolist(), 9, 7])  # fmt: skip
    (tmp_path / "sent.png").write_bytes(bytes(sent))
    assert np.array_equal(read_image(tmp_path / "sent.png"), values)
