"""The timecode tag of a movie, which may hold any text."""

from pathlib import Path

import pytest

from stylize.media.opening import open_shot
from tests.delivery.test_movie import source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("01:00:00:00", "01:00:00:00"),
        ("01:00:00;02", "01:00:00;02"),
        ("\x1b[31m01:00:00:00", None),
        ("=HYPERLINK(1)", None),
        ("01:00:00:00\nframe", None),
        ("1" * 40, None),
    ],
)
def test_only_valid_time_codes_are_used(tmp_path: Path, text: str, expected: str | None) -> None:
    assert open_shot(source(tmp_path / "a.mkv", metadata={"timecode": text})).timecode == expected
