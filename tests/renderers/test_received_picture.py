"""Pictures from servers: read unchanged, or refused before they take memory."""

import base64
import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.media.images import write_image
from stylize.renderers.received_picture import max_text_size, picture_of_bytes, picture_of_text
from tests.renderers.test_a1111 import declared

SIZE = (24, 16)
PIXELS = np.random.default_rng(0).integers(0, 255, (16, 24, 3)).astype(np.uint8)


def encoded(suffix: str, pixels: np.ndarray = PIXELS) -> bytes:
    return cv2.imencode(suffix, np.ascontiguousarray(pixels[..., ::-1]))[1].tobytes()


def test_png_and_other_formats_are_read() -> None:
    np.testing.assert_allclose(picture_of_bytes(encoded(".png"), SIZE, "it"), PIXELS / 255, atol=1e-6)
    for text in (
        base64.b64encode(encoded(".png")).decode(),
        "data:image/png;base64," + base64.b64encode(encoded(".png")).decode(),
    ):
        np.testing.assert_allclose(picture_of_text(text, SIZE, "it"), PIXELS / 255, atol=1e-6)
    smooth = cv2.GaussianBlur(PIXELS, (0, 0), 4)
    for suffix in (".jpg", ".webp"):
        found = picture_of_bytes(encoded(suffix, smooth), SIZE, "it")
        np.testing.assert_allclose(found, smooth / 255, atol=0.1)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(gigabytes: int) -> bytes:
    """A picture with a compressed text that expands to so many gigabytes."""
    packer, packed = zlib.compressobj(9), io.BytesIO()
    for _ in range(gigabytes * 64):
        packed.write(packer.compress(bytes(1 << 24)))
    packed.write(packer.flush())
    data = encoded(".png")
    return data[:33] + chunk(b"zTXt", b"parameters\0\0" + packed.getvalue()) + data[33:]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "neither PNG, JPEG nor WebP"),
        (b"P6 24 16 255 " + bytes(24 * 16 * 3), "neither PNG"),
        (b"#?RADIANCE\n", "neither PNG"),
        (encoded(".png")[:60], "is not a picture"),
        (encoded(".jpg")[:20], "declares no size"),
        (encoded(".webp")[:20], "declares no size"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100) + b"IEND\xaeB`\x82", "declares no size"),
        (base64.b64decode(declared(60000, 60000)), "60000x60000"),
        (base64.b64decode(declared(2**31 - 1, 2**31 - 1)), "2147483647x2147483647"),
        (base64.b64decode(declared(0, 16)), "declares no size"),
        (base64.b64decode(declared(16, 24)), "expected 24x16 pixels from it, but it sent 16x24"),
        (encoded(".png") + bytes(2_000_000), "more than 24x16 pixels need"),
    ],
)
def test_invalid_pictures_are_refused_in_one_line(
    data: bytes, expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RendererError) as error:
        picture_of_bytes(data, SIZE, "it")
    assert expected in str(error.value)
    assert str(error.value).isprintable()
    assert "/tmp" not in str(error.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("text", ["ü", "a", "====", None, 3, ["A"], "A" * (max_text_size(SIZE) + 1), "\ud800"])
def test_invalid_base64_is_refused(text: object) -> None:
    with pytest.raises(RendererError, match="is not a picture") as error:
        picture_of_text(text, SIZE, "it")
    assert str(error.value).isprintable()


@pytest.mark.slow
def test_declared_size_of_a_picture_allocates_no_memory(tmp_path: Path) -> None:
    """Measure the peak memory of a separate process."""
    import subprocess
    import sys

    (tmp_path / "huge.png").write_bytes(base64.b64decode(declared(60000, 60000)))
    (tmp_path / "bomb.png").write_bytes(bomb(1))
    write_image(tmp_path / "small.png", PIXELS)
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom stylize.errors import StylizeError\n"
        "from stylize.media.images.png import read_texts\n"
        "from stylize.renderers.received_picture import picture_of_bytes\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    for read in (lambda: picture_of_bytes(path.read_bytes(), (24, 16), 'it'), lambda: read_texts(path)):\n"
        "        try:\n            read()\n        except StylizeError as error:\n            print(error)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)\n"
    )
    words = [sys.executable, "-c", code, *(str(tmp_path / name) for name in ("small.png", "huge.png", "bomb.png"))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    small, _, huge, text, bombed = done.stdout.splitlines()
    assert "a text chunk is damaged (more than 16777216 bytes)" in text
    assert int(huge) - int(small) < 50
    assert int(bombed) - int(small) < 150
