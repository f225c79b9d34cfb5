"""Messages about lost, missing and damaged frames of a movie."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from stylize.media.frame_map import Losses
from stylize.media.sequences import format_frames


@dataclass(frozen=True)
class Damage:
    """Damage of a movie. losses: its frames. truncated: the file is. count, declared: number of frames read, and of
    frames that the file declares, 0 if unknown.
    """

    losses: Losses = Losses()
    truncated: bool = False
    count: int = 0
    declared: int = 0

    def messages(self, name: str, number: Callable[[int], int], chosen: Collection[int]) -> tuple[str, ...]:
        """Return messages about the damage of the chosen frames, none if they are whole.

        name: name of the file. number: returns the number of the frame at a position. chosen: positions of the frames
        in use.
        """
        found = loss_messages(name, self.losses, number, chosen, self.count)
        if not self.truncated:
            return found
        of = f" of {self.declared}" if self.declared > self.count else ""
        return (f"{name}: the movie is truncated: {self.count}{of} frames could be read", *found)


def loss_messages(
    name: str, losses: Losses, number: Callable[[int], int], chosen: Collection[int], count: int
) -> tuple[str, ...]:
    """Return messages about losses among the chosen frames.

    name: name of the file. number: returns the number of the frame at a position. chosen: positions of the frames in
    use. count: number of frames in the movie.
    """
    chosen = set(chosen)

    def named(positions: Iterable[int]) -> str:
        numbers = [number(position) for position in positions if position in chosen]
        nouns = ("frame", "is") if len(numbers) == 1 else ("frames", "are")
        return f"{name}: {nouns[0]} {format_frames(numbers)} {nouns[1]}" if numbers else ""

    found = []
    if text := named(losses.leading):
        first = number(len(losses.leading))
        found.append(
            f"{text} before the first key frame, and not decodable: the picture of frame {first} is repeated; "
            f"--frames {first}-{number(count - 1)} leaves them out"
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
        found.append(f"{name}: frames after {number(count - 1)} cannot be read: the file declares {losses.unread} more")
    return tuple(found)
