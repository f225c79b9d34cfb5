"""The renderer that asks A1111, against a small server that speaks its language."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import cv2
import numpy as np
import pytest

from stylize.errors import RendererError, SettingsError
from stylize.renderers import RenderRequest, make_renderer
from stylize.settings import Settings

ONE_PIXEL = base64.b64encode(cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()).decode()


class Server(HTTPServer):
    """asked: bodies, in order. answer: makes what is sent of a body; a number is a status."""

    asked: list
    answer = staticmethod(
        lambda body: {"images": body["init_images"], "info": json.dumps({"infotexts": ["oil\nSteps: 4"]})}
    )
    model = "v1-5-pruned"
    hash = None


class Speaks(BaseHTTPRequestHandler):
    def do_GET(self):
        assert self.path == "/sdapi/v1/options"
        self.send({"sd_model_checkpoint": self.server.model, "sd_checkpoint_hash": self.server.hash})

    def do_POST(self):
        assert self.path == "/sdapi/v1/img2img"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.send(self.server.answer(body))

    def send(self, answer):
        self.send_response(answer if isinstance(answer, int) else 200)
        self.end_headers()
        self.wfile.write(b"out of memory" if isinstance(answer, int) else json.dumps(answer).encode())

    def log_message(self, *args):
        """Says nothing."""


@pytest.fixture
def server():
    one = Server(("127.0.0.1", 0), Speaks)
    one.asked = []
    thread = threading.Thread(target=one.serve_forever, args=(0.02,))
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def address(server):
    return f"http://127.0.0.1:{server.server_port}/"


def renderer(server, **asked):
    return make_renderer("a1111", Settings(renderer="a1111", url=address(server), **asked))


def plate():
    return np.round(np.random.default_rng(0).random((30, 50, 3), np.float32) * 255) / np.float32(255)


def paint(server, request=None, **asked):
    return renderer(server, **asked).render(request or RenderRequest(7, plate(), None, None, None, 3), lambda *_: None)


def pixels(text):
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] / 255


def test_the_plate_goes_and_the_key_comes_back_to_the_bit(server):
    made = paint(
        server, prompt='0: "a", 7: "(oil:1.2)"', negative="blur", steps=30, cfg="0: 5, 14: 7", denoise=0.4,
        sampler="dpm++ 2m karras", clip_skip=2, model="other.safetensors",
    )  # fmt: skip
    np.testing.assert_allclose(made.picture, plate(), atol=1e-6)
    assert made.text == {"parameters": "oil\nSteps: 4"}
    (body,) = server.asked
    told = {
        "prompt": "(oil:1.2)", "negative_prompt": "blur", "seed": 3, "steps": 30, "cfg_scale": 6.0, "width": 56,
        "denoising_strength": 0.4, "height": 32, "sampler_name": "DPM++ 2M Karras",
        "override_settings": {"sd_model_checkpoint": "other.safetensors", "CLIP_stop_at_last_layers": 2},
    }  # fmt: skip
    assert {name: body[name] for name in told} == told
    assert "alwayson_scripts" not in body
    assert "mask" not in body


def test_controls_are_units(server):
    request = RenderRequest(7, plate(), None, None, None, 3, controls={"depth=d.png:0.5:0.0-0.6": 1 - plate()})
    paint(
        server, request, control=["canny:0.8", "depth=d.png:0.5:0-0.6", "tile:0"],
        control_model=["canny=net canny", "depth=net depth", "tile=net tile"],
    )  # fmt: skip
    canny, depth = server.asked[0]["alwayson_scripts"]["controlnet"]["args"]
    assert (canny["module"], canny["model"], canny["weight"]) == ("canny", "net canny", 0.8)
    assert (depth["module"], depth["weight"], depth["guidance_start"], depth["guidance_end"]) == ("none", 0.5, 0.0, 0.6)
    np.testing.assert_allclose(pixels(depth["image"])[:30, :50], 1 - plate(), atol=1e-2)
    paint(server, control=["canny:(0: 0, 14: 1)", "tile:(0: 0, 9: 0, 10: 1)"],
          control_model=["canny=net canny", "tile=net tile"])  # fmt: skip
    (unit,) = server.asked[1]["alwayson_scripts"]["controlnet"]["args"]
    assert (unit["module"], unit["weight"]) == ("canny", 0.5)
    with pytest.raises(RendererError, match="--control-model canny=MODEL"):
        paint(server, control="canny")


def test_the_matte_is_the_mask_and_the_earlier_key_is_laid_in(server):
    matte, confidence = np.zeros((30, 50), np.float32), np.zeros((30, 50), np.float32)
    matte[:, 20:] = 1
    confidence[:, :30] = 1
    paint(server, RenderRequest(7, plate(), None, 1 - plate(), confidence, 3, matte=matte))
    (body,) = server.asked
    np.testing.assert_array_equal(pixels(body["mask"])[:30, :50, 0], matte)
    start = pixels(body["init_images"][0])
    np.testing.assert_allclose(start[:30, :30], (1 - plate())[:, :30], atol=1e-2)
    np.testing.assert_allclose(start[:30, 30:50], plate()[:, 30:], atol=1e-2)


def test_outside_of_the_matte_is_the_plate_whatever_the_server_paints(server):
    server.answer = lambda body: {"images": [negative(body["init_images"][0])]}
    matte = np.zeros((30, 50), np.float32)
    matte[:, 20:] = 1
    made = paint(server, RenderRequest(7, plate(), None, None, None, 3, matte=matte)).picture
    np.testing.assert_array_equal(made[:, :20], plate()[:, :20])
    np.testing.assert_allclose(made[:, 20:], 1 - plate()[:, 20:], atol=1e-2)


def negative(text):
    _, data = cv2.imencode(".png", np.rint((1 - pixels(text)[..., ::-1]) * 255).astype(np.uint8))
    return base64.b64encode(data.tobytes()).decode()


@pytest.mark.parametrize("size", [(131, 77), (77, 131), (120, 90), (143, 60)])
@pytest.mark.parametrize("side", [None, 120])
def test_the_key_lies_where_the_plate_has_it(server, size, side):
    """Odd, portrait, 4:3 and 2.39:1: sent at multiples of 8, as servers work, and brought back."""
    noise = np.random.default_rng(0).random((size[1], size[0], 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5)
    soft = (soft - soft.min()) / (soft.max() - soft.min())
    asked = {} if side is None else {"render_size": side}
    made = paint(server, RenderRequest(7, soft, None, None, None, 3), **asked).picture
    (body,) = server.asked
    assert body["width"] % 8 == body["height"] % 8 == 0
    assert pixels(body["init_images"][0]).shape[1::-1] == (body["width"], body["height"])
    assert made.shape == soft.shape
    if side is None:
        np.testing.assert_allclose(made, soft, atol=1 / 250)
    part = 56
    for top in (0, size[1] - part):
        for left in (0, size[0] - part):
            crop = np.s_[top : top + part, left : left + part]
            one, other = (np.ascontiguousarray(p[crop].mean(axis=2) - p[crop].mean()) for p in (soft, made))
            shift, _ = cv2.phaseCorrelate(one, other, cv2.createHanningWindow((part, part), cv2.CV_32F))
            assert np.hypot(*shift) <= 0.25


def test_a_model_with_another_hash_is_told(server, tmp_path):
    (tmp_path / "key.txt").write_text("oil\nSteps: 20, Model hash: 6ce0161689, Model: v1-5")
    server.hash = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
    ask = RenderRequest(7, plate(), None, None, None, 3)
    same = renderer(server, like=tmp_path / "key.txt")
    assert same.render(ask, lambda *_: None).notes == ()
    assert same.cache_key() == renderer(server).cache_key()
    server.hash = "abcdef0123456789"
    (note,) = renderer(server, like=tmp_path / "key.txt").render(ask, lambda *_: None).notes
    assert note.startswith("the server's model has the hash abcdef0123, and")


def test_the_cache_key_follows_settings_and_the_servers_model(server):
    marks = {renderer(server).cache_key(), renderer(server, prompt="oil").cache_key()}
    assert renderer(server).cache_key() in marks
    server.model = "another"
    marks.add(renderer(server).cache_key())
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (500, "answered 500: out of memory"),
        ({"images": [ONE_PIXEL]}, "sent 1x1 pixels for keyframe 7, expected 56x32"),
        ({"images": []}, "sent no picture"),
        ({"images": ["bm8gcGljdHVyZQ=="]}, "is no picture"),
        ({"images": ["?"]}, "is no picture"),
        ([], "did not answer as A1111 does"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(server, answer, told):
    server.answer = lambda body: answer
    with pytest.raises(RendererError) as error:
        paint(server)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_is_not_there(server):
    gone = Settings(renderer="a1111", url="http://127.0.0.1:9")
    with pytest.raises(RendererError, match="there is no A1111 at"):
        make_renderer("a1111", gone).cache_key()
    with pytest.raises(RendererError, match="--url"):
        make_renderer("a1111", Settings(renderer="a1111", url="here"))


@pytest.mark.parametrize(
    "asked",
    [{"lora": "a.safetensors"}, {"vae": "a/b"}, {"dtype": "float16"}, {"share_attention": 0.2}, {"style": "a.png"}],
)
def test_what_the_server_decides_is_refused(asked):
    with pytest.raises(SettingsError, match="a1111"):
        Settings(renderer="a1111", **asked)
    with pytest.raises(SettingsError, match="--url"):
        Settings(renderer="diffusion", model="a/b", url="http://x")
