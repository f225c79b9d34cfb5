"""Live mode: a change of a key makes a draft of its spans, and nothing else does."""

import pytest

import stylize
from stylize.errors import SettingsError
from stylize.media.images import read_image, write_image
from stylize.review.live import Live
from stylize.review.prepare import prepare_project
from stylize.review.roots import project_id
from stylize.review.runs import Runs
from stylize.review.shown_project import show_project
from tests.sliding import picture


@pytest.fixture
def project(plates, style):
    return prepare_project(plates, {"style": style, "keyframes": (1, 4, 8)}, lambda event: None)


@pytest.mark.slow
def test_change_of_a_key_makes_a_draft_of_its_spans(project):
    sent = []
    runs = Runs(sent.append)
    live = Live(runs)
    try:
        assert not live.look(show_project(project, print))
        with pytest.raises(SettingsError, match="--scale"):
            live.turn_on(show_project(project, print), "3/4")
        assert not live.parts()
        live.turn_on(show_project(project, print), "1/2")
        assert live.parts() == {project_id(project): "drafts/1-2"}
        assert live.command_of(project) == f"stylize {project} --draft --to propagate --scale 1/2"
        assert runs.wait(120)
        assert not live.look(show_project(project, print))
        assert len([event for event in sent if event["type"] == "frame"]) == 8

        sent.clear()
        write_image(project / "keys" / "plate.0004.png", picture(90))
        assert live.look(show_project(project, print))
        assert not live.look(show_project(project, print))
        assert runs.wait(120)
        frames = [(event["frame"], event["part"]) for event in sent if event["type"] == "frame"]
        assert {part for _, part in frames} == {"drafts/1-2"}
        assert frames[0][0] == 4
        assert {frame for frame, _ in frames} == set(range(2, 8))
        assert not list((project / "out").glob("*.png"))
        draft = stylize.run(project, scale="1/2", to_stage="propagate")
        assert not draft.redone
        assert (read_image(draft.frames[4]) == 90).all()

        live.turn_off(project)
        write_image(project / "keys" / "plate.0004.png", picture(70))
        assert not live.look(show_project(project, print))
        assert not live.parts()
        assert runs.wait(0)
    finally:
        runs.stop()
