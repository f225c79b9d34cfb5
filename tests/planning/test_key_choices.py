"""Choices for single keys move to the project of a new version of a shot."""

from stylize.keys.candidates import candidate_seed
from stylize.planning.key_choices import take_choices
from stylize.planning.keys_csv import read_choices
from stylize.project import Project
from stylize.settings import Settings


def test_choices_move_with_their_frames_and_picks_become_seeds(tmp_path):
    old, new = Project(tmp_path / "old.stylize"), Project(tmp_path / "new.stylize")
    (old.root / "keys.csv").write_text("frame,seed,prompt,pick,lock\n3,7,,,\n5,,a fox,2,x\n6,9,,3,\n9,1,,,\n")
    look = Settings(style="a.png", seed=4)
    with old.locked(), new.locked():
        take_choices(old, new, look, lambda frame: frame + 100 if frame != 9 else None)
        found = read_choices(new.root / "keys.csv")
        assert {frame: (one.seed, one.prompt, one.pick, one.lock) for frame, one in found.items()} == {
            103: (7, None, None, False),
            105: (candidate_seed(4, 5, 2), "a fox", None, True),
            106: (candidate_seed(9, 6, 3), None, None, False),
        }
        assert new.ours(new.root / "keys.csv")
        (new.root / "keys.csv").write_text("frame\n")
        take_choices(old, new, look, lambda frame: frame)
        assert (new.root / "keys.csv").read_text() == "frame\n"
