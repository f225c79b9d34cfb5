"""EbSynth's folders as shots."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stylize.errors import PaintedKeyError
from stylize.media.images import write_image
from stylize.settings import Settings
from stylize.settings.ebsynth_folder import is_ebsynth_folder, open_ebsynth_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("video", "keys", "mask"):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "0001.png", np.zeros((4, 4, 3), np.uint8))
    return tmp_path


def test_keys_and_mask_of_the_folder_are_the_defaults(folder: Path) -> None:
    shot, settings = open_ebsynth_folder(folder, Settings())
    assert (shot, settings.keys, settings.matte) == (folder / "video", folder / "keys", str(folder / "mask"))
    asked = Settings(keys=Path("mine"), matte="alpha")
    assert open_ebsynth_folder(folder, asked) == (folder / "video", asked)
    (folder / "mask/0001.png").unlink()
    assert open_ebsynth_folder(folder, Settings())[1].matte is None


@pytest.mark.parametrize("there", [True, False])
def test_folder_without_keys_needs_another_source(folder: Path, there: bool) -> None:
    (folder / "keys/0001.png").unlink()
    if not there:
        (folder / "keys").rmdir()
    matte = str(folder / "mask")
    for asked in (Settings(style=Path("s.png")), Settings(keys=Path("mine")), Settings(to_stage="pick")):
        assert open_ebsynth_folder(folder, asked) == (folder / "video", replace(asked, matte=matte))
    with pytest.raises(PaintedKeyError, match=r"keys contains no pictures; paint a key, or give --style PICTURE"):
        open_ebsynth_folder(folder, Settings())


def test_other_folders_are_unaffected(folder: Path) -> None:
    for path in (folder / "video", folder / "video/0001.png", folder / "none.mp4"):
        assert not is_ebsynth_folder(path)
        assert open_ebsynth_folder(path, Settings()) == (path, Settings())
    write_image(folder / "plate.0001.png", np.zeros((4, 4, 3), np.uint8))
    assert not is_ebsynth_folder(folder)
