"""Every reader accepts its valid file, and mutated ones are read or refused (more: `python -m tests.fuzz`)."""

import pytest

from tests.fuzz.attempts import GOOD, READ, attempts
from tests.fuzz.readers import readers

# Mutations of each reader; number 0 is the valid file.
COUNT = 24


@pytest.mark.slow
@pytest.mark.parametrize("name", readers())
def test_reader_reads_or_refuses_mutated_files(name: str) -> None:
    valid, *mutated = attempts(name, 0, 1 + COUNT)
    assert valid.outcome == READ, valid.message
    assert [one for one in mutated if one.outcome not in GOOD] == []
