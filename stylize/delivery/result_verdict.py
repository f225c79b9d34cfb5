"""Verdict on a result in words, with advice: the keys that would pay off."""

from collections.abc import Collection, Mapping, Sequence

from stylize.delivery.frame_choice import ShotKeys
from stylize.planning.key_advice import MAX_ADVICE, POOR_SHARE, KeyAdvice, advise_keys
from stylize.sheets import Level, Verdict


def judge(
    shots: Sequence[ShotKeys], errors: Mapping[int, float], min_gap: int = 0, dropped: Collection[int] = ()
) -> Verdict | None:  # fmt: skip
    """Judge a result by the keys that would pay off; None if the errors of no shot with keys are known.

    A result is poor if they would remove more than POOR_SHARE of the error of a shot. errors: of each frame, 0..1.
    min_gap: min distance between keys, in frames. dropped: frames that must not be keys.
    """
    known = [shot for shot in shots if shot.keys and set(shot.frames) <= errors.keys()]
    if not known:
        return None
    found = [advise_keys(shot.frames, errors, shot.keys, min_gap, dropped) for shot in known]
    advice = sorted((one for part in found for one in part), key=lambda one: (-one.share, one.frame))
    if not advice:
        return Verdict(Level.GOOD, "Good: no further key would pay off")
    poor = max(sum(one.share for one in part) for part in found) > POOR_SHARE
    count = "one more key" if len(advice) == 1 else f"{len(advice)} more keys"
    sentences = [advice_text(one) for one in advice[:MAX_ADVICE]]
    if poor:
        return Verdict(Level.POOR, f"Poor: {count} would pay off", sentences)
    return Verdict(Level.FAIR, f"Fair: {count} would pay off", sentences)


def advice_text(advice: KeyAdvice) -> str:
    """Return sentences about a key that would pay off."""
    return (
        f"Add a key near {advice.frame} (--add-key {advice.frame}): it would remove about {100 * advice.share:.0f} % "
        f"of the error of its shot. Frame {advice.worst} is the worst around it, at {percentage(advice.error)}."
    )


def percentage(share: float) -> str:
    """Return a share of the full range in percent, with two significant digits: 0.0213 is `2.1 %`."""
    value = abs(100 * share)
    digits = 0 if value >= 9.95 else 1 if value >= 0.095 else 2
    if round(value, digits) == 0:
        return "0 %"
    return f"{'-' if share < 0 else ''}{value:.{digits}f} %"
