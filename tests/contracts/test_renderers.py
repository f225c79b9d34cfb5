"""Contract of Renderer. To cover a new one, add its settings to ``SETTINGS``."""

import json
import threading
from dataclasses import fields, replace

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.extensions.built_in import BUILT_IN
from stylize.extensions.discovery import renderer as registration_of
from stylize.renderers import RenderedKey, RenderRequest, make_renderer
from stylize.renderers.protocol import environment, key_inputs
from stylize.settings import Settings
from tests.renderers.test_a1111 import Server, Speaks, address

# Warnings of diffusers and its libraries.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SIZE = (48, 64)
# Settings with which each renderer paints, given a folder with a model and the address of a server.
SETTINGS = {
    "example": lambda models, url: {"style": "ref.png"},
    "diffusion": lambda models, url: {"model": str(models() / "sd15"), "steps": 4},
    "a1111": lambda models, url: {"url": url()},
    "pencil": lambda models, url: {"renderer_options": {"width": 2}},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    def save():
        pytest.importorskip("diffusers")
        from tests.renderers.diffusion import tiny

        folder = tmp_path_factory.mktemp("models")
        tiny.save_sd15(folder)
        return folder

    return save


@pytest.fixture(scope="module")
def url():
    started = []

    def start():
        server = Server(("127.0.0.1", 0), Speaks)
        server.asked = []
        started.append((server, threading.Thread(target=server.serve_forever, args=(0.02,))))
        started[-1][1].start()
        return address(server)

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=SETTINGS, scope="module")
def settings(request, recipe, models, url):
    return Settings(renderer=request.param, **SETTINGS[request.param](models, url))


@pytest.fixture
def painter(settings):
    return make_renderer(settings.renderer, settings)


def ask(size=SIZE, seed=3, *, later=False):
    """A request for a first key, or for a later one."""
    draw = np.random.default_rng(0)
    plate, style, before = (draw.random((*shape, 3)).astype(np.float32) for shape in (size, (40, 56), size))
    confidence = draw.random(size).astype(np.float32)
    return RenderRequest(
        7, plate, style, before if later else None, confidence if later else None, seed, (before,) if later else ()
    )


def paint(painter, request):
    return painter.render(request, lambda done, total: None)


def test_every_painting_renderer_is_covered():
    registered = {name for name, one in BUILT_IN["stylize.renderers"].items() if one.paints and not one.resolved_by}
    assert registered == SETTINGS.keys() - {"pencil"}


@pytest.mark.slow
@pytest.mark.parametrize("size", [SIZE, (37, 41), (9, 7)])
@pytest.mark.parametrize("later", [False, True])
def test_key_has_the_size_of_its_plate_and_is_valid(painter, size, later):
    made = paint(painter, ask(size, later=later))
    assert isinstance(made, RenderedKey)
    assert (made.picture.dtype, made.picture.shape) == (np.float32, (*size, 3))
    assert made.picture.min() >= 0
    assert made.picture.max() <= 1
    assert all(isinstance(one, str) for one in (*made.notes, *made.text, *made.text.values()))


@pytest.mark.slow
def test_draft_has_its_size_and_predicts_the_work_at_full_size(painter):
    """The working size may differ. The work at full size is reported, or grows with the number of pixels."""
    made = paint(painter, replace(ask((24, 32)), scale=0.5))
    assert made.picture.shape == (24, 32, 3)
    assert made.full_work is None or made.full_work >= 0.9


def test_request_is_not_modified(painter):
    request = ask(later=True)
    arrays = [value for field in fields(request) if isinstance(value := getattr(request, field.name), np.ndarray)]
    before = [one.copy() for one in arrays]
    for one in (*arrays, *request.earlier):
        one.setflags(write=False)
    paint(painter, request)
    for one, other in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("later", [False, True])
def test_the_same_request_gives_the_same_bits(settings, painter, later):
    first = paint(painter, ask(later=later)).picture
    paint(painter, ask(seed=9))
    np.testing.assert_array_equal(paint(painter, ask(later=later)).picture, first)
    again = make_renderer(settings.renderer, settings)
    np.testing.assert_array_equal(paint(again, ask(later=later)).picture, first)
    assert again.cache_key() == painter.cache_key()
    assert isinstance(painter.cache_key(), str)


@pytest.mark.parametrize("follows", [False, True])
def test_what_a_key_is_made_of_is_stable_and_can_be_recorded(settings, painter, follows):
    found = key_inputs(painter, 7, follows=follows)
    assert found == key_inputs(make_renderer(settings.renderer, settings), 7, follows=follows)
    assert json.loads(json.dumps(dict(found))).keys() == found.keys()
    assert all(isinstance(one, str) for entry in environment(painter).items() for one in entry)


def test_key_does_not_depend_on_threads(painter, set_threads):
    found = []
    for count in (1, 4):
        set_threads(count)
        found.append(paint(painter, ask()).picture)
    np.testing.assert_array_equal(*found)


def test_progress_is_monotonic_and_bounded(painter):
    steps = []
    painter.render(ask(), lambda done, total: steps.append((done, total)))
    assert steps
    assert all(0 <= done <= total for done, total in steps)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_registration_states_whether_a_reference_is_needed(settings, painter):
    request = replace(ask(), style=None)
    if registration_of(settings.renderer).needs_reference:
        with pytest.raises(RendererError, match="--style"):
            paint(painter, request)
    else:
        assert paint(painter, request).picture.shape == request.plate.shape


def test_renderer_that_does_not_paint_gives_instructions(recipe):
    for name, one in BUILT_IN["stylize.renderers"].items():
        if not one.paints:
            with pytest.raises(RendererError, match="keyframe 7"):
                paint(make_renderer(name, Settings(renderer=name)), ask())
