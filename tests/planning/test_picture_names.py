"""Any name in the pictures of a plan and of a result is drawn on one line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from stylize.delivery.contact_sheet import Contents, contact_sheet
from stylize.delivery.frame_choice import ShotKeys
from stylize.media.images import write_image
from stylize.planning.plan_picture import Card, Chart, plan_sheet
from stylize.sheets import Fact, draw_sheet
from tests.names import TEXTS

SOME = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@SOME
@given(TEXTS, TEXTS)
def test_plan_picture_draws_any_name(tmp_path: Path, name: str, reason: str) -> None:
    picture = tmp_path / "a.png"
    write_image(picture, np.full((8, 12, 3), 90, np.uint8))
    chart = Chart(name, [1, 2], [1.0, 0.5], 0.7, [1], [Card(1, name, reason, 0.5, picture, picture)])
    assert draw_sheet(plan_sheet(chart)).shape[2] == 3


@pytest.mark.slow
@SOME
@given(TEXTS, TEXTS)
def test_contact_sheet_draws_any_name(tmp_path: Path, name: str, value: str) -> None:
    picture = tmp_path / "a.png"
    write_image(picture, np.full((8, 12, 3), 90, np.uint8))
    files = {1: picture}
    contents = Contents(name, [ShotKeys([1], [])], files, files, {f"key {name}": {}}, facts=[Fact(value, value)])
    assert draw_sheet(contact_sheet(contents)).shape[2] == 3
