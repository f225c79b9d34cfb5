"""Raise the floor of coverage to the measured value: ``python -m tests.raise_coverage coverage.json``.

The floor is ``fail_under`` in pyproject.toml, in percent of the lines and branches that all tests cover. It is never
lowered: tests that cover less fail. ``--dry-run`` only reports a floor that could be raised. To measure, with the
extra ``review`` installed:

    python -m pytest -n auto --dist worksteal --cov --cov-report=json:coverage.json
"""

import json
import math
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
# Margin in percent for runs on other machines: code that depends on a disk, a display or an extra.
MARGIN = 1.0
_FLOOR = re.compile(r"^fail_under = ([\d.]+)$", re.MULTILINE)


def raised(text: str, covered: float) -> str:
    """Return the text of pyproject.toml with the floor for so many percent, or with the old one if that is higher."""
    found = _FLOOR.search(text)
    if found is None:
        raise ValueError("pyproject.toml has no fail_under")
    floor = math.floor(10 * (covered - MARGIN)) / 10
    return text if floor <= float(found[1]) else _FLOOR.sub(f"fail_under = {floor:g}", text)


def main(words: list[str]) -> None:
    """Raise the floor, or only report that it could be raised."""
    covered = float(json.loads(Path(words[-1]).read_text())["totals"]["percent_covered"])
    before = PROJECT.read_text()
    after = raised(before, covered)
    if "--dry-run" not in words:
        PROJECT.write_text(after)
    elif before != after:
        print(f"{covered:.1f} % is covered, and the floor is lower: python -m tests.raise_coverage coverage.json")


if __name__ == "__main__":
    main(sys.argv[1:])
