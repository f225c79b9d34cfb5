"""The work announced before a run equals the work that the run does."""

import numpy as np
import pytest

import stylize
from stylize.media.images import write_image
from tests.sliding import SIZE, picture


def pending_and_done(shot, **options):
    """The pending work of a run, and the keys and frames that it then makes."""
    with stylize.open(shot, **options) as session:
        pending = session.pending
        result = session.run()
    return (pending.keys, pending.spans, pending.frames), (len(result.rendered), len(result.redone)), pending.seconds


@pytest.mark.slow
def test_pending_work_is_what_the_run_does(plates, style, tmp_path):
    project = tmp_path / "shot.stylize"
    first = {"style": style, "keyframes": (1, 4, 8), "project": project}
    assert pending_and_done(plates, **first)[:2] == ((3, 2, 8), (3, 8))
    pending, done, seconds = pending_and_done(project)
    assert (pending, done, seconds) == ((0, 0, 0), (0, 0), 0)

    write_image(project / "keys" / "plate.0008.png", picture(90))
    pending, done, seconds = pending_and_done(project)
    assert (pending, done) == ((0, 1, 4), (0, 4))
    assert seconds > 0
    (project / "out" / "plate.0002.png").unlink()
    assert pending_and_done(project)[:2] == ((0, 1, 1), (0, 1))
    # Line boil changes the frames, but not the keys.
    pending, done, _ = pending_and_done(project, boil=0.5)
    assert (pending[:2], done[0]) == ((0, 2), 0)
    assert pending[2] == done[1]
    pending, done, _ = pending_and_done(project, add_key=(6,))
    assert (pending[0], pending[1]) == (done[0], 2)
    assert pending[2] == done[1]


@pytest.mark.slow
def test_pending_work_of_layers_and_drafts(plates, style, tmp_path):
    write_image(tmp_path / "half.png", np.where(np.arange(SIZE[0])[:, None] < 32, picture(255), 0).astype(np.uint8))
    project = tmp_path / "shot.stylize"
    layers = [
        {"name": "one", "style": style, "keyframes": (1, 8)},
        {"name": "two", "style": style, "keyframes": (4,), "matte": tmp_path / "half.png"},
    ]
    with stylize.open(plates, layers=layers, project=project, scale="1/2", to_stage="propagate") as session:
        assert (session.pending.keys, session.pending.spans, session.pending.frames) == (3, 3, 16)
        session.run()
        assert (session.pending.keys, session.pending.spans, session.pending.frames) == (0, 0, 0)
