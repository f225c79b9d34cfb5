"""Attempts to read mutated files, in processes whose memory and time are limited.

Run as a program, it makes the attempts of one reader and prints the outcome of each as a line of JSON.
"""

import json
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

from tests.forked_python import Program

# What an attempt may take: seconds, and bytes beyond those of the process that has imported the libraries.
SECONDS, BYTES = 10, 600_000_000
READ, REFUSED, TRACEBACK, HANG, BOMB, CRASH = "read", "refused", "traceback", "hang", "bomb", "crash"
GOOD = (READ, REFUSED)


@dataclass(frozen=True)
class Attempt:
    """An attempt: the name of the reader, the number of its mutation, the outcome, and the message of its error."""

    reader: str
    number: int
    outcome: str
    message: str = ""


def attempts(reader: str, first: int, count: int) -> Iterator[Attempt]:
    """Make attempts from number `first`, and yield their outcomes. One that ends its process is a hang or a crash."""
    end = first + count
    while first < end:
        program = Program(["-m", "tests.fuzz.attempts", reader, first, end - first])
        lost = CRASH
        try:
            program.wait(SECONDS * (end - first) + 60)
        except TimeoutExpired:
            program.kill()
            lost = HANG
        out, err = program.communicate()
        for line in out.splitlines():
            found = Attempt(reader, *json.loads(line))
            yield found
            first = found.number + 1
        if first < end:
            yield Attempt(reader, first, lost, err[-500:])
            first += 1


def table(found: Counter[tuple[str, str]]) -> str:
    """Return counts by (area, outcome) as a table in Markdown."""
    columns = (*GOOD, TRACEBACK, HANG, BOMB, CRASH)
    lines = [f"| Area | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|"]
    for area in dict.fromkeys(area for area, _ in found):
        lines.append(f"| {area} | {' | '.join(str(found[area, column]) for column in columns)} |")
    return "\n".join(lines)


class _HangError(BaseException):
    """Error for an attempt that takes too long."""


def _stop(*_: object) -> None:
    raise _HangError


def _attempt(reader: str, number: int, folder: Path) -> Attempt:
    from stylize.errors import StylizeError
    from tests.fuzz.mutations import mutated
    from tests.fuzz.readers import readers

    one = readers()[reader]
    path = folder / "project" / one.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(mutated(_valid(reader), f"{reader} {number}", one.mutations) if number else _valid(reader))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome, message = READ, ""
    try:
        one.read(path)
    except (StylizeError, OSError) as error:
        outcome, message = REFUSED, str(error)
    except _HangError:
        outcome = HANG
    except MemoryError:
        outcome = BOMB
    except Exception:
        outcome, message = TRACEBACK, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 > BYTES:
        outcome = BOMB
    if outcome == REFUSED and ("\n" in message.strip() or len(message) > _LONGEST):
        outcome = TRACEBACK
    return Attempt(reader, number, outcome, message)


# Characters of a message, which must be one line.
_LONGEST = 6000
_made: dict[str, bytes] = {}


def _valid(reader: str) -> bytes:
    from tests.fuzz.readers import readers

    if reader not in _made:
        _made[reader] = readers()[reader].make()
    return _made[reader]


def main() -> None:
    """Make attempts. Arguments: name of the reader, number of the first attempt, and their count."""
    reader, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGALRM, _stop)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with TemporaryDirectory() as folder:
        for number in range(first, first + count):
            done = _attempt(reader, number, Path(folder))
            sys.stdout.write(json.dumps([done.number, done.outcome, done.message]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
