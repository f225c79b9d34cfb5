"""Count the outcomes of attempts by area: ``python -m tests.fuzz [ATTEMPTS_OF_EACH_READER [FIRST]]``."""

import sys
from collections import Counter

from tests.fuzz.attempts import GOOD, attempts, table
from tests.fuzz.readers import readers


def main() -> int:
    """Print the table, and the first lines of each failure; return 1 if there is one."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    found, failed = Counter[tuple[str, str]](), False
    for name, reader in readers().items():
        for one in attempts(name, first, count):
            found[reader.area, one.outcome] += 1
            if one.outcome not in GOOD:
                failed = True
                sys.stderr.write(f"{name} {one.number}: {one.outcome}: {one.message[-300:]}\n")
    sys.stdout.write(f"{table(found)}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
