"""Re-detection of content of the key after it was hidden.

Composed flow follows what is visible in every frame. Where an object uncovers the background, the flow between
neighbours still follows the object, and from then on the composed flow points to the object's place in the key, far
from that of the background. The flow of the nearby surface usually continues behind the object. It is therefore tried
in the lost area, from the nearest pixel on each of four sides, and taken where it explains the plate.
"""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from propagate.arrays import F32, U8, Bools, Bytes, Floats, Longs
from propagate.bands import Band, for_each_band
from propagate.box import Box, full_box
from propagate.confidence import CONTRAST_TOLERANCE, contrast
from propagate.flow import ComposedFlow, in_bounds_rows, photometric_error, warp_rows

# Photometric error, 0..1, up to which flow explains the plate in an area without contrast.
MAX_ERROR = F32(0.03)
# Margin by which the error of a candidate must be lower, two 8-bit levels: less may be grain.
MARGIN = F32(2 / 255)
# Min share of lost pixels for a search.
MIN_SHARE = 0.002
# Side of the windows in which single pixels follow the majority, and of the one that keeps candidates away from the
# border of the lost area, where flow mixes both surfaces.
MAJORITY, BORDER = 5, 7
# Rows that the photometric error and contrast read on each side; pixels around the lost area that are searched too.
HALO, MARGIN_PIXELS = 3, 8


def redetect(composed: ComposedFlow, key_plate: Bytes, plate: Bytes) -> ComposedFlow:
    """Replace composed flow that does not explain the plate by the flow of a nearby surface that does.

    composed: flow to the key, corrected; see ``flow.correct_drift``. Plates: uint8 (H, W, 3), in the same light. Pixels
    that are found again become valid; their flow is exact to about a pixel, until it is corrected in the next frame.
    """
    whole = full_box(plate.shape)
    tolerance, error = np.empty(composed.valid.shape, F32), np.empty(composed.valid.shape, F32)

    def work(band: Band) -> None:
        tolerance[band.rows] = (MAX_ERROR + CONTRAST_TOLERANCE * contrast(plate[band.with_halo]))[band.interior]
        error[band.rows] = _error(composed.flow[band.with_halo], key_plate, plate, band, whole)[band.interior]

    for_each_band(work, error.shape, HALO)
    lost = _majority(~composed.valid | (error > tolerance))
    if np.count_nonzero(lost) < MIN_SHARE * lost.size:
        return composed
    box = _around(lost)
    lost, before, valid = box.crop(lost), box.crop(composed.flow), box.crop(composed.valid)
    after, error = _search(before, lost, box.crop(error), key_plate, box.crop(plate), box)
    found = _majority(lost & (error <= box.crop(tolerance))) & in_bounds_rows(after, box.top, plate.shape, box.left)
    flow, known = composed.flow.copy(), composed.valid.copy()
    box.put(np.where(found[..., None], after, before), flow)
    box.put(valid | found, known)
    return replace(composed, flow=flow, valid=known)


def _search(
    flow: Floats, lost: Bools, error: Floats, key_plate: Bytes, plate: Bytes, box: Box
) -> tuple[Floats, Floats]:
    """Return, for a box, the flow with the smallest error among the present one and all candidates, and its error."""
    reliable = cv2.erode((~lost).view(U8), np.ones((BORDER, BORDER), U8), borderType=cv2.BORDER_REPLICATE) > 0
    best, best_error = flow.copy(), error.copy()
    lost_at = np.flatnonzero(lost)
    for source in _nearest_on_each_side(reliable.reshape(lost.shape), lost_at):
        candidate_error, candidate = np.empty_like(error), flow.copy()
        candidate.reshape(-1, 2)[lost_at] = flow.reshape(-1, 2)[source]

        def work(band: Band, candidate: Floats = candidate, candidate_error: Floats = candidate_error) -> None:
            around = _error(candidate[band.with_halo], key_plate, plate, band, box)
            candidate_error[band.rows] = around[band.interior]

        for_each_band(work, error.shape, HALO)
        better = np.flatnonzero(_majority(lost & (candidate_error + MARGIN < best_error)) & lost)
        # For few pixels, indices are faster than a mask.
        best.reshape(-1, 2)[better] = candidate.reshape(-1, 2)[better]
        best_error.reshape(-1)[better] = candidate_error.reshape(-1)[better]
    return best, best_error


def _nearest_on_each_side(reliable: Bools, lost_at: Longs) -> Iterator[Longs]:
    """Yield, for each of four sides, the reliable pixel nearest to each lost one, or the lost one itself if there is
    none. reliable: bool (H, W). lost_at: flat indices of the lost pixels, int64 (N,). Yields flat indices, too.
    """
    height, width = reliable.shape
    yield from _before_and_after(np.flatnonzero(reliable), lost_at, width)
    columns, rows = lost_at % width, lost_at // width
    for found in _before_and_after(np.flatnonzero(reliable.T), columns * height + rows, height):
        yield found % height * width + found // height


def _before_and_after(reliable_at: Longs, lost_at: Longs, line: int) -> Iterator[Longs]:
    """Yield the nearest reliable index before each lost one in its line of ``line`` pixels, then the nearest after."""
    if not reliable_at.size:
        return
    position = np.searchsorted(reliable_at, lost_at)
    for nearest in (np.maximum(position - 1, 0), np.minimum(position, reliable_at.size - 1)):
        found = reliable_at[nearest]
        yield np.where(found // line == lost_at // line, found, lost_at)


def _error(flow: Floats, key_plate: Bytes, plate: Bytes, band: Band, box: Box) -> Floats:
    """Photometric error of the flow in a band of a box, with its halo."""
    warped = warp_rows(key_plate, flow, box.top + band.halo_start, box.left)
    return photometric_error(warped, plate[band.with_halo])


def _majority(mask: Bools) -> Bools:
    return np.asarray(cv2.medianBlur(mask.view(U8), MAJORITY).reshape(mask.shape) > 0)


def _around(mask: Bools) -> Box:
    """Smallest box that contains a mask and some pixels around it."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    (top, bottom), (left, right) = ((int(line[0]), int(line[-1]) + 1) for line in (rows, columns))
    height, width = mask.shape
    return Box(
        max(0, left - MARGIN_PIXELS), max(0, top - MARGIN_PIXELS),
        min(width, right + MARGIN_PIXELS), min(height, bottom + MARGIN_PIXELS),
    )  # fmt: skip
