"""Verdict of a report: the keys that would pay off, and faults that the measures show, each with what would help."""

from collections.abc import Mapping, Sequence
from typing import Any

from stylize.delivery.result_verdict import percentage
from stylize.media.sequences import name_frames
from stylize.sheets import Level, Verdict

# Style outside the matte up to which a difference is that of rounding.
MAX_LEAK = 1 / 512
_ORDER = (Level.GOOD, Level.FAIR, Level.POOR)


def report_verdict(keys_verdict: Verdict | None, shots: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return the verdict on a whole result.

    keys_verdict: by the keys that would pay off, None if that is unknown. shots: figures of each shot, as
    ``project_report.figures`` returns them.
    """
    faults = [fault for shot in shots for fault in _faults(shot)]
    levels = [level for level, _ in faults]
    found: list[str] = []
    advice: list[str] = []
    if keys_verdict is not None and keys_verdict.level is not Level.GOOD:
        levels.append(keys_verdict.level)
        found.append(keys_verdict.text.partition(": ")[2])
        advice += keys_verdict.advice
    if faults:
        found.append(f"{len(faults)} fault{'' if len(faults) == 1 else 's'} found")
        advice += [sentence for _, sentence in faults]
    level = max(levels, key=_ORDER.index, default=Level.GOOD)
    text = " and ".join(found) or ("no fault was found" if keys_verdict is None else "no further key would pay off")
    return Verdict(level, f"{level.value.capitalize()}: {text}", advice)


def _faults(shot: Mapping[str, Any]) -> list[tuple[Level, str]]:
    found = [
        (
            Level.FAIR,
            f"Key {key['frame']} does not agree with key {key['agreement']['before']}: repaint one of them, or lower "
            "the difference with --retries 3.",
        )
        for key in shot["keys"]
        if key["agreement"] and key["agreement"]["outlier"]
    ]
    leak = shot["summary"].get("leak outside the matte")
    if leak is not None and leak > MAX_LEAK:
        found.append((
            Level.POOR,
            f"The style is visible outside the matte, by up to {percentage(leak)}: look for frames in out/ that were "
            "changed by hand, or delete them and run again.",
        ))  # fmt: skip
    if review := shot.get("mattes to review"):
        found.append((Level.FAIR, f"The mattes of {name_frames(review)} are uncertain: check them, and paint one."))
    return found
