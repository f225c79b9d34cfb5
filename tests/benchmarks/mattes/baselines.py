"""Other ways to carry a painted mask through a clip."""

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import pairwise

import cv2
import numpy as np

from masks.track import Footage, track
from masks.warp import warp
from propagate.arrays import Bytes, Floats
from propagate.flow_dis import DisFlow

# Width in pixels of the band around the previous mask in which GrabCut decides, and its iterations.
BAND, ITERATIONS = 12, 5


def baselines() -> dict[str, Callable[[Sequence[Bytes], Floats], Iterator[Floats]]]:
    """The other ways, by name: flow and GrabCut, and a network of people if the package that has its weights is there.

    That is mediapipe up to 0.10.14 (Apache License 2.0); later ones do not have the weights of selfie_segmentation.
    """
    networks = {"people": people} if find_spec("mediapipe") and find_spec("mediapipe.python.solutions") else {}
    return {"flow": flow_alone, "GrabCut": grab_cut, **networks}


def tracked(plates: Sequence[Bytes], painted: Floats) -> Iterator[tuple[Floats, float]]:
    """Yield what stylize makes of frames 1 and up: mattes, and their confidence."""
    footage = Footage(plates.__getitem__, DisFlow(), DisFlow("fine"))
    for one in track(range(len(plates)), footage, painted):
        yield one.matte, one.confidence


def flow_alone(plates: Sequence[Bytes], painted: Floats) -> Iterator[Floats]:
    """Warp the mask from frame to frame."""
    flow, matte = DisFlow(), painted
    for before, plate in pairwise(plates):
        matte = warp(matte, flow(before, plate))
        yield matte


def grab_cut(plates: Sequence[Bytes], painted: Floats) -> Iterator[Floats]:
    """Segment each frame by GrabCut, seeded by the previous frame's mask: certain but in a band around its border."""
    inside = (painted > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BAND + 1, 2 * BAND + 1))
    for plate in plates[1:]:
        core, reach = cv2.erode(inside, disc), cv2.dilate(inside, disc)
        labels = np.where(inside > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        labels[core > 0], labels[reach == 0] = cv2.GC_FGD, cv2.GC_BGD
        if inside.any() and not inside.all():
            cv2.setRNGSeed(0)
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(plate, labels, None, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
            inside = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
        yield inside.astype(np.float32)


def people(plates: Sequence[Bytes], painted: Floats) -> Iterator[Floats]:
    """Segment people in each frame by MediaPipe's network, as far as the previous mask and the band around it reach.

    The network knows neither which person is meant nor any other subject.
    """
    from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

    matte = painted
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BAND + 1, 2 * BAND + 1))
    with SelfieSegmentation(model_selection=0) as network:
        for plate in plates[1:]:
            reach = cv2.dilate((matte > 0.5).astype(np.uint8), disc)
            matte = np.asarray(network.process(plate).segmentation_mask * reach, np.float32)
            yield matte
