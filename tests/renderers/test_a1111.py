"""The renderer that uses an A1111 server, against a small server with the same API."""

import base64
import json
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer

import cv2
import numpy as np
import pytest

import stylize
from stylize.errors import RendererError, SettingsError
from stylize.renderers import RenderRequest, a1111, make_renderer, plates_destination
from stylize.settings import Settings
from stylize.settings.server_address import ServerAddress
from tests.renderers import hostile

ONE_PIXEL = base64.b64encode(cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()).decode()


def declared(width, height):
    """A small, well-formed PNG that declares these sides."""
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ):
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return base64.b64encode(data).decode()


HUGE = declared(60000, 60000)


class Server(HTTPServer):
    """A stand-in for A1111. asked: bodies, in order. answer: makes the response to a body; a number is a status."""

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
        """Log nothing."""


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
    return make_renderer("a1111", Settings(renderer="a1111", **{"url": server and address(server)} | asked))


def plate():
    return np.round(np.random.default_rng(0).random((30, 50, 3), np.float32) * 255) / np.float32(255)


def paint(server, request=None, **asked):
    return renderer(server, **asked).render(request or RenderRequest(7, plate(), None, None, None, 3), lambda *_: None)


def pixels(text):
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] / 255


def test_plate_is_sent_and_key_is_returned_exactly(server):
    made = paint(
        server, prompt='0: "a", 7: "(oil:1.2)"', negative="blur", steps=30, cfg="0: 5, 14: 7", denoise=0.4,
        sampler="dpm++ 2m karras", clip_skip=2, model="other.safetensors",
    )  # fmt: skip
    np.testing.assert_allclose(made.picture, plate(), atol=1e-6)
    assert made.text == {"parameters": "oil\nSteps: 4"}
    (body,) = server.asked
    expected = {
        "prompt": "(oil:1.2)", "negative_prompt": "blur", "seed": 3, "steps": 30, "cfg_scale": 6.0, "width": 56,
        "denoising_strength": 0.4, "height": 32, "sampler_name": "DPM++ 2M Karras",
        "override_settings": {"sd_model_checkpoint": "other.safetensors", "CLIP_stop_at_last_layers": 2},
    }  # fmt: skip
    assert {name: body[name] for name in expected} == expected
    assert "alwayson_scripts" not in body
    assert "mask" not in body


def test_controls_are_sent_as_controlnet_units(server):
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


def test_matte_is_sent_as_mask_and_earlier_key_is_composited(server):
    matte, confidence = np.zeros((30, 50), np.float32), np.zeros((30, 50), np.float32)
    matte[:, 20:] = 1
    confidence[:, :30] = 1
    paint(server, RenderRequest(7, plate(), None, 1 - plate(), confidence, 3, matte=matte))
    (body,) = server.asked
    np.testing.assert_array_equal(pixels(body["mask"])[:30, :50, 0], matte)
    start = pixels(body["init_images"][0])
    np.testing.assert_allclose(start[:30, :30], (1 - plate())[:, :30], atol=1e-2)
    np.testing.assert_allclose(start[:30, 30:50], plate()[:, 30:], atol=1e-2)


def test_draft_is_sent_smaller_with_a_smaller_margin(server):
    matte = np.ones((30, 50), np.float32)
    made = paint(server, RenderRequest(7, plate(), None, None, None, 3, matte=matte, scale=0.25), render_size=1024)
    (body,) = server.asked
    assert abs(body["width"] * body["height"] / 512**2 - 1) < 0.05  # 1024 / 4 is below the size of any model
    assert body["inpaint_full_res_padding"] == 8
    assert made.full_work == pytest.approx(4, rel=0.05)


def test_plate_outside_the_matte_is_kept_whatever_the_server_returns(server):
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
def test_key_is_aligned_with_the_plate(server, size, side):
    """Odd, portrait, 4:3 and 2.39:1 plates are sent at multiples of 8, as servers need, and brought back."""
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


@pytest.mark.slow
def test_model_with_another_hash_is_reported(server, tmp_path):
    (tmp_path / "key.txt").write_text("oil\nSteps: 20, Model hash: 6ce0161689, Model: v1-5")
    server.hash = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
    ask = RenderRequest(7, plate(), None, None, None, 3)
    same = renderer(server, like=tmp_path / "key.txt")
    assert same.render(ask, lambda *_: None).notes == ()
    assert same.cache_key() == renderer(server).cache_key()
    server.hash = "abcdef0123456789"
    (note,) = renderer(server, like=tmp_path / "key.txt").render(ask, lambda *_: None).notes
    assert note.startswith("the server's model has the hash abcdef0123, but")


def test_cache_key_follows_settings_and_the_servers_model(server):
    marks = {renderer(server).cache_key(), renderer(server, prompt="oil").cache_key()}
    assert renderer(server).cache_key() in marks
    server.model = "another"
    marks.add(renderer(server).cache_key())
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (500, "answered 500: out of memory"),
        ({"images": [ONE_PIXEL]}, "expected 56x32 pixels from"),
        ({"images": []}, "sent none"),
        ({"images": ["bm8gcGljdHVyZQ=="]}, "is not a picture"),
        ({"images": ["?"]}, "is not a picture"),
        ([], "did not respond like A1111"),
        ({"images": [{"deep": 1}]}, "is not a picture (dict instead of text)"),
        ({"images": [HUGE]}, "it sent 60000x60000 pixels"),
        ({"images": ["A" * 2_000_000]}, "is not a picture (2000000 characters"),
        ({"images": ["A" * 20_000_000]}, "answered with more than the"),
    ],
)
def test_server_errors_are_reported_in_one_line(server, answer, message):
    server.answer = lambda body: answer
    with pytest.raises(RendererError) as error:
        paint(server)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_server_is_reported(server):
    gone = Settings(renderer="a1111", url="http://127.0.0.1:9")
    with pytest.raises(RendererError, match="there is no A1111 at"):
        make_renderer("a1111", gone).cache_key()
    with pytest.raises(SettingsError, match="--url"):
        Settings(renderer="a1111", url="here")


def test_endless_response_is_abandoned(monkeypatch):
    """A server that sends one byte at a time, for ever, never reaches a socket's own timeout."""

    def drip(connection, request):
        while True:
            connection.sendall(b"a")
            time.sleep(0.05)

    monkeypatch.setattr(a1111, "QUERY_TIMEOUT", 0.5)
    with hostile.server(drip) as one, pytest.raises(RendererError, match=r"took longer than 0\.5 s"):
        make_renderer("a1111", Settings(renderer="a1111", url=one.url)).cache_key()


def test_plate_is_not_sent_to_a_redirect():
    with hostile.server(hostile.ok(b"{}")) as other:
        for status in (302, 307):
            head = f"HTTP/1.1 {status} Found\r\nLocation: {other.url}/sdapi/v1/img2img\r\n\r\n"
            with (
                hostile.server(head.encode()) as one,
                pytest.raises(RendererError, match="another server") as error,
            ):
                paint(None, url=one.url)
            assert "\n" not in str(error.value)
    assert other.requests == []


@pytest.mark.parametrize(
    "answer",
    [b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", hostile.ok(b"[" * 100_000), b""],
)
def test_broken_responses_are_reported_in_one_line(answer):
    with hostile.server(answer) as one, pytest.raises(RendererError) as error:
        make_renderer("a1111", Settings(renderer="a1111", url=one.url)).cache_key()
    assert "\n" not in str(error.value)


def test_valid_text_of_the_server_is_kept(server):
    def painted(text):
        server.answer = lambda body: {"images": body["init_images"], "info": json.dumps({"infotexts": [text]})}
        return paint(server).text

    assert painted("oil\0\ud800") == {"parameters": "oil\0\ud800"}
    assert painted("a" * 100_000) == painted({"no": "text"}) == painted(None) == {}
    server.answer = lambda body: {"images": body["init_images"], "info": "[" * 100_000}
    assert paint(server).text == {}


@pytest.mark.slow
def test_sending_plates_to_another_machine_is_reported_once(server, plates, monkeypatch):
    asked = {"renderer": "a1111", "url": address(server), "keyframes": "1,5", "render_size": 64}
    messages = []
    stylize.run(plates, **asked, on_message=messages.append)
    assert not [text for text in messages if "sent" in text]
    monkeypatch.setattr(ServerAddress, "is_loopback", False)
    stylize.run(plates, **asked | {"keyframes": "1,5,8"}, on_message=messages.append)
    assert [text for text in messages if "sent" in text] == [f"plates are sent to {address(server)[:-1]}: keyframe 8"]
    messages.clear()
    stylize.run(plates, **asked | {"keyframes": "1,5,8"}, on_message=messages.append)
    assert not [text for text in messages if "sent" in text]
    stylize.run(plates, **asked | {"prompt": "ink"}, on_message=messages.append)
    assert [text.rpartition(": ")[2] for text in messages if "sent" in text] == ["keyframes 1, 5"]
    assert len(server.asked) == 5
    messages.clear()
    trial = {name: value for name, value in asked.items() if name != "keyframes"} | {"keys_budget": "1h"}
    stylize.plan(plates, **trial, prompt="oil", on_message=messages.append)
    assert next(text for text in messages if "sent" in text).endswith(": frames 1, 5, to measure the render time")


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        ("http://127.0.0.1:7860", None),
        ("http://127.9.9.9", None),
        ("http://localhost:1", None),
        ("http://LOCALHOST.:1", None),
        ("http://a.localhost", None),
        ("https://[::1]:7860/sub", None),
        ("http://127.0.0.1.example:7860/sub", "http://127.0.0.1.example:7860"),
        ("http://localhost.example", "http://localhost.example"),
        ("https://Render-Farm:443", "https://render-farm"),
        ("http://[2001:db8::1]:7860", "http://[2001:db8::1]:7860"),
        ("http://192.168.0.2:7860", "http://192.168.0.2:7860"),
    ],
)
def test_destination_of_plates_follows_from_the_address(url, destination):
    assert plates_destination(Settings(renderer="a1111", url=url)) == destination
    assert plates_destination(Settings(style="a.png")) is None


@pytest.mark.parametrize(
    "asked",
    [{"lora": "a.safetensors"}, {"vae": "a/b"}, {"dtype": "float16"}, {"share_attention": 0.2}, {"style": "a.png"}],
)
def test_options_decided_by_the_server_are_refused(asked):
    with pytest.raises(SettingsError, match="a1111"):
        Settings(renderer="a1111", **asked)
    with pytest.raises(SettingsError, match="--url"):
        Settings(renderer="diffusion", model="a/b", url="http://x")
