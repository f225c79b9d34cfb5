"""A tiny shot whose keys are painted by a stand-in for a server, which needs no model and no server."""

import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import stylize
from stylize.media.images import write_image
from stylize.renderers.a1111 import A1111Renderer
from stylize.renderers.protocol import RenderedKey, RenderRequest
from stylize.settings.schedules import text_at

KEYS = (1, 4, 8)
BASE = {
    "renderer": "a1111", "model": "m", "prompt": '0: "oil", 6: "ink"', "negative": "text", "cfg": "0: 5, 4: 5, 8: 9",
    "keyframes": KEYS, "to_stage": "render",
}  # fmt: skip


def write_shot(folder: Path) -> Path:
    """Write eight frames of a pan over soft noise, 64x48."""
    soft = cv2.GaussianBlur(np.random.default_rng(0).random((48, 120, 3), np.float32), (0, 0), 2)
    soft = (soft - soft.min()) / (soft.max() - soft.min())
    for frame in range(1, 9):
        write_plate(folder, frame, soft[:, 2 * frame : 2 * frame + 64])
    return folder


def write_plate(folder: Path, frame: int, picture: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    write_image(folder / f"s.{frame:04d}.png", (picture * 255).astype(np.uint8))


def tint(self: A1111Renderer, request: RenderRequest, on_step: Any) -> RenderedKey:
    """Tint the plate, or the previous key, by prompt and seed."""
    on_step(1, 1)
    words = f"{text_at(self.settings.prompt or '', request.frame)} {request.seed}"
    colour = np.random.default_rng(zlib.crc32(words.encode())).random(3).astype(np.float32)
    start = request.plate if request.warped is None else request.warped
    return RenderedKey(np.clip(0.7 * start + 0.3 * colour, 0, 1).astype(np.float32))


def replace_server(patch: pytest.MonkeyPatch) -> None:
    """Paint keys with ``tint`` instead of a server."""
    patch.setattr(A1111Renderer, "render", tint)
    patch.setattr(A1111Renderer, "_server_options", lambda self: {"sd_model_checkpoint": "m"})


class Runs:
    """Runs over one shot, each in a copy of a finished project."""

    def __init__(self, root: Path) -> None:
        self.root, self.shot, self.messages = root, root / "shot", list[str]()
        if not self.shot.exists():
            write_shot(self.shot)
        self.project = root / "p.stylize"

    def run(self, **changes: Any) -> Any:
        self.messages = []
        asked = BASE | {"project": self.project, "rate": 24} | changes
        return stylize.run(self.shot, on_message=self.messages.append, **asked)

    def bits(self) -> dict[int, bytes]:
        return {frame: self.key(frame).read_bytes() for frame in KEYS}

    def key(self, frame: int) -> Path:
        return self.project / "keys" / f"s.{frame:04d}.png"

    def said(self, *words: str) -> bool:
        """Return whether one message contains all words."""
        return any(all(word in line for word in words) for line in self.messages)
