"""How well each key of a shot agrees with the one before, whoever painted them: what is told, reported, and mended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from stylize.context.context import Work
from stylize.context.keys import read_key
from stylize.keys.agreement import Agreement, agreement
from stylize.keys.rendering import PlateSource, carry_over
from stylize.media.images import to_float
from stylize.stages import cache_key


@dataclass(frozen=True)
class Beside:
    """A key judged beside the one before. agreement: None where they show next to nothing in common."""

    frame: int
    before: int
    agreement: Agreement | None


def judged(work: Work, frames: Sequence[int], keys: Sequence[int]) -> tuple[Beside, ...]:
    """Every key of a shot but the first, beside the one before; measured once and kept in the project.

    frames: of the shot. keys: their frames, ascending; each has its picture.
    """
    return tuple(_judged(work, frames, before, frame) for before, frame in pairwise(keys))


def _judged(work: Work, frames: Sequence[int], before: int, frame: int) -> Beside:
    files = work.keys.files()
    between = [number for number in frames if before <= number <= frame]
    pictures = [work.project.digest(files[number]) for number in (before, frame)]
    name = f"agreement of keys {before} and {frame}"
    key = cache_key(
        "key_agreement", pictures, work.plate_digests(between), work.motion.cache_key(between), uses=work.motion.stages
    )
    kept = work.project.recall(name, key)
    if kept is None:
        source = PlateSource(work.plates.colour, lambda number: work.project.digest(work.plates.paths[number]))
        carried, trusted = carry_over(files[before], before, frame, between, source, work.motion)
        found = agreement(to_float(read_key(files[frame], source.colour(frame))), carried, trusted)
        kept = {} if found is None else asdict(found)
        work.project.remember(name, key, kept)
    return Beside(frame, before, Agreement(**kept) if kept else None)
