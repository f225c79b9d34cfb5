"""Messages about lost, missing and damaged frames of a movie."""

from collections.abc import Collection, Iterable

from stylize.media.frame_map import Losses
from stylize.media.sequences import format_frames


def truncation_message(name: str, count: int, declared: int) -> str:
    """Return the message about a truncated movie. name: name of its file. declared: number of frames, 0 if unknown."""
    of = f" of {declared}" if declared > count else ""
    return f"{name}: the movie is truncated: {count}{of} frames could be read"


def loss_messages(name: str, losses: Losses, start: int, chosen: Collection[int], count: int) -> tuple[str, ...]:
    """Return messages about losses among the chosen frames.

    name: name of the file. start: number of the first frame. chosen: positions of the frames in use. count: number of
    frames in the movie.
    """
    chosen = set(chosen)

    def named(positions: Iterable[int]) -> str:
        numbers = [start + position for position in positions if position in chosen]
        nouns = ("frame", "is") if len(numbers) == 1 else ("frames", "are")
        return f"{name}: {nouns[0]} {format_frames(numbers)} {nouns[1]}" if numbers else ""

    found = []
    if text := named(losses.leading):
        first = start + len(losses.leading)
        found.append(
            f"{text} before the first key frame, and not decodable: the picture of frame {first} is repeated; "
            f"--frames {first}-{start + count - 1} leaves them out"
        )
    if text := named(losses.lost):
        found.append(f"{text} not decodable: the picture of a neighbouring frame is repeated")
    if text := named(losses.missing):
        found.append(f"{text} missing from the file: the previous picture is repeated")
    if text := named(losses.damaged):
        later = "; errors may last until the next key frame" if losses.predicted else ""
        found.append(f"{text} damaged: the decoder's approximation is used{later}")
    if losses.unlocated:
        found.append(f"{name}: the movie is damaged in {losses.unlocated} places: {count} frames could be read")
    if losses.unread:
        found.append(f"{name}: frames after {start + count - 1} cannot be read: the file declares {losses.unread} more")
    return tuple(found)
