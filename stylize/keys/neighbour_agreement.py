"""Agreement of each key of a shot with the previous key, for messages, the report and refinement."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from stylize.context.context import Context
from stylize.context.keys import read_key
from stylize.keys.agreement import Agreement, agreement
from stylize.keys.key_plan import PlateSource
from stylize.keys.paint_key import warp_key
from stylize.media.images import to_float
from stylize.stages import cache_key


@dataclass(frozen=True)
class NeighbourAgreement:
    """Comparison of a key with the previous one.

    frame, before: frame numbers of the key and the previous key. agreement: None if they have too little in common.
    """

    frame: int
    before: int
    agreement: Agreement | None


def neighbour_agreements(
    context: Context, frames: Sequence[int], keys: Sequence[int]
) -> tuple[NeighbourAgreement, ...]:
    """Compare each key of a shot with the previous one. The project caches the results.

    frames: frame numbers of the shot. keys: frame numbers of the keys, ascending; each key must exist.
    """
    return tuple(_neighbour_agreement(context, frames, before, frame) for before, frame in pairwise(keys))


def _neighbour_agreement(context: Context, frames: Sequence[int], before: int, frame: int) -> NeighbourAgreement:
    files = context.keys.files()
    between = [number for number in frames if before <= number <= frame]
    pictures = [context.project.digest(files[number]) for number in (before, frame)]
    name = record_name(before, frame)
    key = cache_key(
        "key_agreement",
        pictures,
        context.plate_digests(between),
        context.motion.cache_key(between),
        uses=context.motion.stages,
    )
    stored = context.project.recall(name, key)
    if stored is None or "pictures" not in stored:
        source = PlateSource(
            context.plates.colour, lambda number: context.project.plate_digest(context.plates.paths[number]),
            context.shot.colour,
        )  # fmt: skip
        warped, confidence = warp_key(files[before], before, frame, between, source, context.motion)
        found = agreement(to_float(read_key(files[frame], source.colour(frame), source.primaries)), warped, confidence)
        stored = {"pictures": pictures, "agreement": None if found is None else asdict(found)}
        context.project.remember(name, key, stored)
    measured = stored["agreement"]
    return NeighbourAgreement(frame, before, Agreement(**measured) if measured else None)


def measured_agreement(value: Any, pictures: Sequence[str]) -> Agreement | None:
    """Return an agreement that was recorded for two pictures; None if it was not, or for other ones.

    value: latest record, whatever its cache key. pictures: digests of the keys, the previous one first.
    """
    try:
        return Agreement(**value["agreement"]) if value["pictures"] == list(pictures) else None
    except (TypeError, KeyError):
        return None


def record_name(before: int, frame: int) -> str:
    """Return the name under which the agreement of two keys is recorded."""
    return f"agreement of keys {before} and {frame}"
