"""Trust in projects: paths that this user has given are accepted, all other outward paths are refused."""

import json
import os
import shutil
from pathlib import Path

import pytest

from stylize.errors import ProjectError
from stylize.project import Project, check_references, read_project, record_settings, trusted_settings
from stylize.project.settings_file import write_settings
from stylize.project.trust import FILE, outward_references, trusts_look
from stylize.project.user_data import project_data
from stylize.settings import Settings
from stylize.settings.references import Reference, references_of


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, empty."""
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def forged(root: Path, settings: str = "", shot: str = "/their/plates.mp4") -> Path:
    """A project as someone else may write it."""
    root.mkdir(exist_ok=True)
    (root / "project.toml").write_text(f'shot = "{shot}"\nversion = "0.1.0"\n\n[settings]\n{settings}\n')
    return root


def own(root: Path, shot: Path, settings: Settings, messages: list[str]) -> Path:
    """A project as written by a run of this user."""
    project = Project(root)
    record_settings(root, shot, settings, messages.append)
    project.write_settings(shot, settings, "0.1.0")
    return root


def opened(root: Path, **given: object) -> Settings:
    return trusted_settings(root, given, pytest.fail)[1]


def test_untrusted_project_is_refused_with_settings_and_remedies(tmp_path: Path, data: Path) -> None:
    root = forged(
        tmp_path / "x.stylize",
        'output = "/home/me/film.mkv"\nrenderer = "a1111"\nurl = "http://10.0.0.1:99"\ncontrol = ["depth=/d/d.#.png"]\n'
        'control_model = ["depth=net"]',
    )
    with pytest.raises(ProjectError) as error:
        opened(root)
    text = str(error.value)
    for one in ("x.stylize was not made here by this user", "--output /home/me/film.mkv", "--renderer a1111",
                "--url http://10.0.0.1:99", "--control '/d/d.#.png'", "--control-model ", "shot /their/plates.mp4",
                "--trust", "--allow PATH"):  # fmt: skip
        assert one in text
    assert "\n" not in text
    assert not data.exists()
    assert sorted(path.name for path in root.iterdir()) == ["project.toml"]


def test_only_paths_given_by_this_user_are_trusted(tmp_path: Path) -> None:
    messages: list[str] = []
    settings = Settings(style="/pictures/oil.png", output="/films/out/", keyframes=(1, 9))
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", settings, messages)
    assert opened(root) == read_project(root)[1]
    assert messages == []
    # Change one of them: that one is named, and no other.
    text = (root / "project.toml").read_text()
    (root / "project.toml").write_text(text.replace("/films/out", "/films/precious"))
    with pytest.raises(ProjectError, match="--output /films/precious; if") as error:
        opened(root)
    assert "oil.png" not in str(error.value)
    assert opened(root, output="/mine/").style == settings.style
    # A change to a path inside the project needs no permission.
    (root / "project.toml").write_text(text.replace("1,9", "1,4"))
    assert opened(root).keyframes == (1, 4)


def test_run_killed_before_writing_settings_keeps_earlier_trust(tmp_path: Path) -> None:
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", Settings(style="/a.png"), [])
    record_settings(root, tmp_path / "shot.mp4", Settings(style="/b.png"), pytest.fail)
    assert str(opened(root).style) == "/a.png"
    write_settings(root, tmp_path / "shot.mp4", Settings(style="/b.png"), "0.1.0")
    assert str(opened(root).style) == "/b.png"


def test_settings_of_two_runs_are_not_trusted_in_combination(tmp_path: Path) -> None:
    root = own(tmp_path / "x.stylize", Path("/plates/secret"), Settings(style="/a.png"), [])
    own(root, Path("/plates/open"), Settings(style="/a.png", output="/public/"), [])
    (root / "project.toml").write_text((root / "project.toml").read_text().replace("/plates/open", "/plates/secret"))
    with pytest.raises(ProjectError, match=r"shot /plates/secret|--output /public"):
        opened(root)


def test_project_moved_away_from_its_files_is_refused_until_trusted(tmp_path: Path) -> None:
    root = own(tmp_path / "x.stylize", Path("/plates/shot.mp4"), Settings(style="/a.png"), [])
    moved = root.rename(tmp_path / "y.stylize")
    with pytest.raises(ProjectError, match="--trust"):
        opened(moved)
    assert opened(moved, trust=True).style == Path("/a.png")
    assert opened(moved).style == Path("/a.png")


def test_trust_holds_for_any_path_to_the_project(tmp_path: Path) -> None:
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", Settings(style="/a.png"), [])
    (tmp_path / "link.stylize").symlink_to(root)
    assert opened(tmp_path / "link.stylize").style == Path("/a.png")


def test_paths_inside_are_free_unless_through_links_or_dots(tmp_path: Path) -> None:
    root = tmp_path / "x.stylize"
    forged(root, f'style = "{root}/ref.png"', f"{root}/plates")
    assert opened(root).style == root / "ref.png"
    (tmp_path / "secret").mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    for path in ("link/ref.png", "../secret/ref.png", "link/../secret/ref.png", "link/../../x.stylize/ref.png"):
        forged(root, f'style = "{root}/{path}"', f"{root}/plates")
        with pytest.raises(ProjectError, match="--style "):
            opened(root)


def test_relative_path_counts_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = forged(tmp_path / "x.stylize", 'style = "../secret.png"', "./plates")
    with pytest.raises(ProjectError, match=f"folder: --style {tmp_path}/secret.png; if"):
        opened(root)
    forged(root, 'style = "a/../../secret.png"', "./plates")
    with pytest.raises(ProjectError, match=f"folder: --style {tmp_path}/secret.png; if"):
        opened(root)
    forged(root, 'style = "ref.png"', "./plates")
    assert opened(root).style == root / "ref.png"


def test_untrusted_path_is_not_accessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = forged(tmp_path / "x.stylize", 'style = "/server/share/a.png"\nmodel = "/server/share/m"\n'
                  'renderer = "diffusion"\nip_adapter = "/server/share/i.safetensors"')  # fmt: skip
    seen: list[str] = []
    for name in ("stat", "lstat", "open", "readlink"):
        true = getattr(os, name)
        monkeypatch.setattr(os, name, lambda path, *rest, _true=true, **more: (seen.append(os.fspath(path) if not
                            isinstance(path, int) else ""), _true(path, *rest, **more))[1])  # fmt: skip
    with pytest.raises(ProjectError, match="/server/share/m"):
        opened(root)
    assert [one for one in seen if "server" in one or "their" in one] == []
    assert any("x.stylize" in one for one in seen)


@pytest.mark.parametrize(
    ("allow", "refused"),
    [
        (["/their", "/show"], []),
        (["/their/plates.mp4", "/show/a.png", "/show/out"], []),
        ("/their", ["--style", "--output"]),
        (["/their", "/sho", "/show/out"], ["--style"]),
        (["/"], []),
    ],
)
def test_single_paths_can_be_allowed(tmp_path: Path, allow: object, refused: list[str]) -> None:
    root = forged(tmp_path / "x.stylize", 'style = "/show/a.png"\noutput = "/show/out"')
    if not refused:
        assert str(opened(root, allow=allow).style) == "/show/a.png"
        # For this run alone.
        with pytest.raises(ProjectError):
            opened(root)
        return
    with pytest.raises(ProjectError) as error:
        opened(root, allow=allow)
    assert [flag for flag in ("--style", "--output", "shot ") if flag in str(error.value)] == refused


def test_allowed_path_may_be_named_by_a_link_but_not_left_through_one(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "show").symlink_to(tmp_path / "disk")
    (tmp_path / "disk/out").symlink_to("/etc")
    for name in ("disk", "show"):
        root = forged(tmp_path / "x.stylize", f'style = "{tmp_path}/{name}/a.png"', f"{tmp_path}/x.stylize/p")
        assert opened(root, allow=str(tmp_path / "show")).style == tmp_path / name / "a.png"
        forged(root, f'style = "{tmp_path}/{name}/out/passwd"', f"{root}/p")
        with pytest.raises(ProjectError, match="passwd"):
            opened(root, allow=str(tmp_path / "show"))


@pytest.mark.parametrize(
    ("reference", "allow", "allowed"),
    [
        (("address", "http://farm:80/a"), "http://farm:80", True),
        (("address", "http://FARM:80/a"), "http://farm:80/a", True),
        (("address", "http://farm:80/ab"), "http://farm:80/a", False),
        (("address", "http://farm:81"), "http://farm:80", False),
        (("address", "https://farm:80"), "http://farm:80", False),
        (("address", "http://farm:80@evil"), "http://farm:80", False),
        (("address", "http://farm.evil:80"), "http://farm", False),
        (("address", "http://[x"), "http://farm", False),
        (("model", "hf://owner/name"), "owner/name", True),
        (("model", "hf://owner/name/f.safetensors"), "hf://owner/name", True),
        (("model", "hf://owner/name"), "hf://owner", True),
        (("model", "hf://owner2/name"), "hf://owner", False),
        (("model", "hf://owner/name"), "/", False),
        (("service", "diffusion"), "diffusion", True),
        (("service", "diffusion"), "/", False),
        (("path", "/a\0b"), "/a", False),
        (("path", "/a/../b"), "/a", False),
    ],
)
def test_allow_matches_paths_and_repos(tmp_path: Path, reference: tuple[str, str], allow: str, allowed: bool) -> None:
    one = Reference("model", "", *reference)
    if allowed:
        check_references(tmp_path, [one], [allow], "it")
    else:
        with pytest.raises(ProjectError, match=r"^it: --model "):
            check_references(tmp_path, [one], [allow], "it")


def test_untrusted_layer_is_named_and_replaced_as_a_whole(tmp_path: Path) -> None:
    root = forged(
        tmp_path / "x.stylize",
        '[[settings.layers]]\nname = "sky"\nstyle = "/their/a.png"\n'
        '[[settings.layers]]\nname = "person"\nmatte = "/their/m"\nstyle = "/their/b.png"',
    )
    with pytest.raises(ProjectError, match=r"layer person: --matte /their/m.*layer sky: --style /their/a\.png"):
        opened(root, allow="/their/plates.mp4")
    with pytest.raises(ProjectError, match="layer person: --matte"):
        opened(root, allow="/their/plates.mp4", style="/mine.png")
    assert opened(root, allow="/their/plates.mp4", layers=["style=/mine.png"])


def test_run_warns_when_trust_cannot_be_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("STYLIZE_DATA", str(tmp_path / "file"))
    messages: list[str] = []
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", Settings(style="/a.png"), messages)
    assert len(messages) == 1
    assert messages[0].startswith("warning: ")
    assert "STYLIZE_DATA" in messages[0]
    assert "--trust" in messages[0]
    assert "\n" not in messages[0]
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(ProjectError, match="not made here by this user"):
        opened(root)
    assert trusted_settings(root, {"trust": True}, messages.append)[1].style == Path("/a.png")
    assert len(messages) == 2


def test_run_warns_without_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STYLIZE_DATA")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    messages: list[str] = []
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", Settings(style="/a.png"), messages)
    assert len(messages) == 1
    assert "no home" in messages[0]
    with pytest.raises(ProjectError, match="not made here by this user"):
        opened(root)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"trusted": 3}', '{"trusted": [[["style"]]]}', "[" * 100_000])
def test_damaged_trust_record_trusts_nothing_and_is_rewritten(tmp_path: Path, data: Path, damage: str) -> None:
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", Settings(style="/a.png"), [])
    (project_data(root) / FILE).write_text(damage)
    shutil.rmtree(data / "copies")
    with pytest.raises(ProjectError):
        opened(root)
    own(root, tmp_path / "shot.mp4", Settings(style="/a.png"), [])
    assert opened(root).style == Path("/a.png")


def test_run_with_allow_records_no_trust(tmp_path: Path, data: Path) -> None:
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", Settings(style="/a.png", allow="/a.png"), [])
    assert not data.exists()
    own(root, tmp_path / "shot.mp4", Settings(style="/a.png", allow="/b.png"), [])
    assert opened(root).style == Path("/a.png")


def test_only_the_latest_runs_are_trusted(tmp_path: Path) -> None:
    root = tmp_path / "x.stylize"
    for number in range(12):
        own(root, tmp_path / "shot.mp4", Settings(style=f"/{number}.png"), [])
    runs = json.loads((project_data(root) / FILE).read_text())["trusted"]
    assert [run[1][3] for run in runs] == [f"/{number}.png" for number in range(11, 3, -1)]


def test_written_settings_are_trusted_as_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cover relative paths, folders, links and models, as the command line may give them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    settings = [
        Settings(style="../a.png", output="out/", keyframes="plan/keys.csv", matte="link/m", guide=["ids:2", "d/"]),
        Settings(renderer="diffusion", model="real", vae="owner/name", lora=["l.safetensors:0.5"], prompt="x",
                 control=["depth=link/d.####.png", "canny"], control_model="canny=link"),
        Settings(layers=[{"style": "a.png"}, {"name": "b", "matte": "link/m.png", "style": "b c.png"}]),
    ]  # fmt: skip
    for number, one in enumerate(settings):
        root = own(tmp_path / f"{number}.stylize", Path("link/shot.mp4"), one, [])
        assert opened(root).stored() == read_project(root)[1].stored()


def test_look_of_a_layer_is_trusted_by_layer_name(tmp_path: Path) -> None:
    settings = Settings(layers=[{"style": "/a.png"}, {"name": "b", "matte": "/m.png", "style": "/b.png"}])
    root = own(tmp_path / "x.stylize", tmp_path / "shot.mp4", settings, [])
    assert trusts_look(root, "1", references_of({"style": "/a.png"}))
    assert trusts_look(root, "b", references_of({"style": "/b.png", "matte": "/m.png"}))
    assert not trusts_look(root, "b", references_of({"style": "/a.png"}))
    assert not trusts_look(root, "", references_of({"style": "/a.png"}))
    assert not trusts_look(tmp_path / "y.stylize", "b", references_of({"style": "/b.png"}))


def test_services_and_repos_count_as_outside(tmp_path: Path) -> None:
    stored = {"renderer": "diffusion", "model": "owner/name", "url": f"file://{tmp_path}"}
    assert {one.option for one in outward_references(tmp_path, references_of(stored))} == set(stored)


@pytest.mark.parametrize(
    ("settings", "link"),
    [
        ('keys = "{root}/painted"', "painted/key.0001.png"),
        ('renderer = "painted"\nguide = ["{root}/guides.d/g.####.png:3"]', "guides.d/g.0001.png"),
        ('matte = "{root}/eb/mask"', "eb/mask/deep/m.0001.png"),
        ('renderer = "diffusion"\nmodel = "{root}/model"', "model/unet/weights.safetensors"),
        ('renderer = "diffusion"\nmodel = "{root}/m"\nstyle = "{root}/a.png"\nip_adapter = "{root}/w/i.safetensors"',
         "w/image_encoder/weights.safetensors"),
    ],
)  # fmt: skip
def test_links_to_the_outside_are_refused(tmp_path: Path, settings: str, link: str) -> None:
    root = tmp_path / "x.stylize"
    forged(root, settings.format(root=root), f"{root}/plates")
    (root / "w").mkdir()
    (root / "w/i.safetensors").touch()
    (tmp_path / "secret").touch()
    (root / link).parent.mkdir(parents=True)
    assert opened(root, allow="diffusion")
    # A link to a file of the project itself is allowed.
    (root / link).symlink_to(root / "w/i.safetensors")
    assert opened(root, allow="diffusion")
    (root / link).unlink()
    (root / link).symlink_to(tmp_path / "secret")
    with pytest.raises(ProjectError, match=f"a symbolic link to {tmp_path}/secret;"):
        opened(root, allow="diffusion")
    assert opened(root, allow=["diffusion", str(tmp_path / "secret")])
    (root / link).unlink()
    (root / link).symlink_to(root / link)
    assert opened(root, allow="diffusion")


def test_circular_links_are_accepted_and_nested_outward_links_refused(tmp_path: Path) -> None:
    root = tmp_path / "x.stylize"
    forged(root, f'keys = "{root}/painted"', f"{root}/plates")
    (root / "painted").mkdir()
    (root / "other/round").mkdir(parents=True)
    (root / "painted/sub").symlink_to(root / "other")
    (root / "other/round/again").symlink_to(root / "painted")
    assert opened(root)
    (root / "other/round/key.0001.png").symlink_to(tmp_path / "secret")
    with pytest.raises(ProjectError, match="a symbolic link to"):
        opened(root)


def test_links_in_own_project_need_no_permission(tmp_path: Path) -> None:
    root = tmp_path / "x.stylize"
    (root / "painted").mkdir(parents=True)
    (root / "project.lock").touch()
    (root / "state.json").write_text('{"schema": 2}')
    (root / "painted/key.0001.png").symlink_to(tmp_path / "mine.png")
    own(root, tmp_path / "shot.mp4", Settings(keys=root / "painted"), [])
    assert opened(root).keys == root / "painted"
