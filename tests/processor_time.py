"""Report the tests that take most CPU time: ``python -m pytest -p tests.processor_time -p no:xdist``.

Counts this process and the children that it waited for, unlike ``--durations``, which counts what other programs do at
the time, too. A fixture counts for the first test that uses it.
"""

import resource
import time
from collections.abc import Generator

import pytest

from tests import forked_python

SHOWN = 40
_seconds = dict[str, float]()


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime + sum(forked_python.used)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure setup, call and teardown together."""
    before = _used()
    try:
        return (yield)
    finally:
        _seconds[item.nodeid] = _used() - before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the slowest tests, and the sum."""
    terminalreporter.section("seconds of a processor")
    for name in sorted(_seconds, key=_seconds.__getitem__, reverse=True)[:SHOWN]:
        terminalreporter.write_line(f"{_seconds[name]:7.2f} {name}")
    terminalreporter.write_line(f"{sum(_seconds.values()):7.2f} of {len(_seconds)} tests")
