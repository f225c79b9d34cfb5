"""Messages about the keys of a shot: which are kept although something differs, and which others are painted again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from stylize.keys.decision import Decision, Fate, Ledger
from stylize.media.sequences import name_frames
from stylize.reporter import Reporter
from stylize.stages import STAGES


def report_decisions(ledger: Ledger, decisions: Mapping[int, Decision], reporter: Reporter) -> None:
    """Report the keys that are kept although something differs, and those that follow a key that is painted again."""
    for line in (
        *_kept_environments(ledger, decisions), *_locked(decisions), *_followers(decisions),
        *_picked(ledger, decisions), *_unused_choices(ledger),
    ):  # fmt: skip
        reporter.message(line)


def _kept_environments(ledger: Ledger, decisions: Mapping[int, Decision]) -> list[str]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, one in decisions.items():
        if one.fate is Fate.VERSIONS:
            groups[_environment_change(one, ledger.environment)].append(number)
    return [
        f"kept although rendered {how}: {name_frames(numbers, 'keyframe')}; {_repaint(numbers)}"
        for how, numbers in groups.items()
    ]


def _environment_change(decision: Decision, now: Mapping[str, str]) -> str:
    """Return the differences from the environment of a key, as the end of a clause about rendering."""
    before = decision.made.environment if decision.made else {}
    if not before:
        return "by another version of stylize or for other plates"
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    parts = [f"{_name(name)} {before.get(name, 'none')}, now {now.get(name, 'none')}" for name in changed]
    return f"with {'; '.join(parts)}"


def _name(name: str) -> str:
    return f"version of stage {name}" if name in STAGES else name


def _locked(decisions: Mapping[int, Decision]) -> list[str]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, one in decisions.items():
        if one.fate is Fate.LOCKED and one.made is None:
            groups["its settings"].append(number)
        elif one.fate is Fate.LOCKED and one.made is not None and (found := one.identity.differences(one.made.own)):
            groups[", ".join(found)].append(number)
    return [
        f"kept because locked, although made with other values of {names}: {name_frames(numbers, 'keyframe')}"
        for names, numbers in groups.items()
    ]


def _followers(decisions: Mapping[int, Decision]) -> list[str]:
    """Return the messages about keys that start from a key that is painted again, or that has changed."""
    kept = [number for number, one in decisions.items() if one.fate is Fate.STARTS]
    again = [number for number, one in decisions.items() if one.fate is Fate.PAINT and one.only_start_differs]
    lines = []
    if again:
        first = min(again)
        causes = [
            number for number, one in decisions.items()
            if one.fate is Fate.PAINT and not one.only_start_differs and number < first
        ]  # fmt: skip
        cause = f"start from {name_frames(causes[-1:], 'keyframe')}" if causes else "start from other keys than before"
        lines.append(
            f"{name_frames(again, 'keyframe')}: rendered again, because they {cause}; --keep-others keeps them"
        )
    if kept:
        lines.append(f"kept although the keys that they start from have changed: {name_frames(kept, 'keyframe')}")
    return lines


def _picked(ledger: Ledger, decisions: Mapping[int, Decision]) -> list[str]:
    lines = []
    for number, one in decisions.items():
        later = [other for other, it in decisions.items() if other > number and it.fate in (Fate.FRESH, Fate.VERSIONS)]
        if later and (one.fate is Fate.COPY or _is_other_candidate(ledger, one)):
            lines.append(
                f"another candidate is used for keyframe {number}; kept although rendered from the former picture: "
                f"{name_frames(later, 'keyframe')}; {_repaint(later)}"
            )
    return lines


def _is_other_candidate(ledger: Ledger, decision: Decision) -> bool:
    """Return whether a key is painted as another candidate than the one in use."""
    made = decision.made
    return decision.fate is Fate.PAINT and made is not None and made.candidate != ledger.candidate(decision)


def _unused_choices(ledger: Ledger) -> list[str]:
    """Return the messages about choices of painted keys, which take precedence."""
    painted = [
        number for number in sorted(ledger.plan.painted & ledger.plan.choices.keys())
        if any(value is not None for value in _values(ledger, number))
    ]  # fmt: skip
    if not painted:
        return []
    origin = ledger.plan.choice(painted[0]).origin
    return [f"{origin}: seed, prompt and pick are not used for painted keys: {name_frames(painted, 'keyframe')}"]


def _values(ledger: Ledger, number: int) -> tuple[object, ...]:
    choice = ledger.plan.choice(number)
    return choice.seed, choice.prompt, choice.pick


def _repaint(numbers: Sequence[int]) -> str:
    pronoun = "it" if len(numbers) == 1 else "them"
    return f"--repaint {','.join(map(str, numbers))} renders {pronoun} again"
