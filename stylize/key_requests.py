"""Checks of the options that concern rendered keys: ``--repaint``, ``--candidates`` and ``--keep-others``."""

from collections.abc import Sequence

from stylize.errors import SettingsError
from stylize.look_pipeline import LookRun
from stylize.media.sequences import format_frames, name_frames
from stylize.settings import OPTIONS, Settings
from stylize.settings.option import is_given

_NAMES = ("candidates", "repaint", "keep_others")


def check_key_requests(settings: Settings, looks: Sequence[LookRun]) -> None:
    """Raise SettingsError for an option that would have no effect, and for frames of ``--repaint`` without a key.

    Of several frames in a row, it is enough that one has a rendered key in some look.
    """
    for name in (name for name in _NAMES if is_given(settings, name)):
        if not settings.runs("render"):
            raise SettingsError(f"{OPTIONS[name].flags[-1]} has no effect without the render stage; leave it out")
    painted, locked = dict[int, str](), dict[int, str]()
    rendered, keys = set[int](), set[int]()
    for look in looks:
        by_hand = look.context.keys.painted_files()
        numbers = {frame for plan in look.shots for frame in plan.keys}
        fixed = {frame: choice.origin for frame, choice in look.choices.items() if choice.lock}
        painted |= {frame: str(path) for frame, path in by_hand.items()}
        locked |= fixed
        keys |= numbers
        rendered |= numbers - by_hand.keys() - fixed.keys()
    if settings.candidates is not None and not rendered:
        raise SettingsError("--candidates: every key is painted by hand or locked; unlock one, or leave the option out")
    for run in _runs(settings.repaint):
        _check_run(run, rendered, keys, painted, locked)


def _check_run(
    run: Sequence[int], rendered: set[int], keys: set[int], painted: dict[int, str], locked: dict[int, str]
) -> None:
    if rendered & set(run):
        return
    for frame in sorted(keys & set(run)):
        if frame in painted:
            raise SettingsError(
                f"--repaint: key {frame} is painted by hand; remove {painted[frame]} to have it rendered"
            )
        raise SettingsError(f"--repaint: key {frame} is locked ({locked[frame]}); unlock it to have it rendered again")
    raise SettingsError(f"--repaint: no keyframe among {name_frames(run)}; the keyframes are {format_frames(keys)}")


def _runs(frames: Sequence[int]) -> list[list[int]]:
    """Split ascending frames into runs of consecutive ones."""
    found: list[list[int]] = []
    for frame in frames:
        if found and frame == found[-1][-1] + 1:
            found[-1].append(frame)
        else:
            found.append([frame])
    return found
