"""Downloads and their messages, from a server of the tests."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from stylize.errors import RendererError
from stylize.renderers import DownloadPermission, RenderRequest, make_renderer
from stylize.renderers.diffusion import hub
from stylize.renderers.diffusion.hub import (
    CACHE_ONLY,
    Source,
    cached,
    format_size,
    is_inside,
    is_remote,
    names_in,
    split,
)
from stylize.renderers.diffusion.models import PIPELINE, find_model
from stylize.renderers.diffusion.repo_files import NETWORK, files
from stylize.settings import Settings
from tests.renderers.diffusion.hub_server import lay_out, serving, use
from tests.renderers.diffusion.test_options import paint
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
REPO = "painter/village"


@pytest.fixture
def server(monkeypatch, tmp_path):
    pytest.importorskip("huggingface_hub")
    with serving() as one:
        use(monkeypatch, one.address, tmp_path / "cache")
        yield one


@pytest.fixture
def shared(server, models, tmp_path):
    """The server with the tiny model, and the additional files that are common in such repos."""
    folder = tmp_path / "repo"
    shutil.copytree(models / "sd15", folder)
    for part in ("unet", "vae", "text_encoder"):
        name = next((folder / part).glob("*.safetensors")).name
        shutil.copy(folder / part / name, folder / part / name.replace(".safetensors", ".fp16.safetensors"))
        (folder / part / name.replace(".safetensors", ".bin")).write_bytes(b"\x80\x02 a pickle")
    lay_out(folder, {
        "README.md": 500, "v1-5-pruned.safetensors": 9_000_000, "safety_checker/model.safetensors": 3_000_000,
        "safety_checker/config.json": b"{}", "unet/diffusion_pytorch_model.non_ema.safetensors": 1_000_000,
    })  # fmt: skip
    server.repos[REPO] = folder
    return server


def fetching(messages):
    return DownloadPermission(messages.append, lambda *step: messages.append(step))


def lines(messages):
    return [one for one in messages if isinstance(one, str)]


def make(messages, **asked):
    settings = Settings(**{"renderer": "diffusion", "model": REPO, "steps": 4, **asked})
    return make_renderer("diffusion", settings, fetching(messages))


def shown(painter):
    return painter.render(RenderRequest(7, picture(), None, None, None, 3), quiet).picture


def test_model_is_announced_downloaded_once_and_equals_the_local_one(shared, models):
    messages = []
    painter = make(messages)
    got = shared.fetched()
    assert not [name for name in got if "fp16" in name or "ema" in name or name.endswith((".bin", ".md"))]
    assert not [name for name in got if name.startswith(("safety_checker", "v1-5"))]
    size = sum((shared.repos[REPO] / name).stat().st_size for name in got)
    (line,) = lines(messages)
    where = re.escape(str(hub.Path(cached(REPO)).parents[2]))
    assert re.fullmatch(f"downloading the model {REPO}, {format_size(size)} in {len(got)} files, to {where}", line)
    assert messages[-1][0] == "download"
    assert messages[-1][1] == messages[-1][2] > 0
    np.testing.assert_array_equal(shown(painter), paint(models, plate=picture()))
    shared.asked.clear()
    make(messages)
    assert not shared.asked  # without a single request
    assert len(lines(messages)) == 1


def test_half_precision_downloads_half_the_bytes(shared):
    messages = []
    make(messages, dtype="float16")
    weights = [name for name in shared.fetched() if name.endswith(".safetensors")]
    assert len(weights) == 3
    assert all(".fp16." in name for name in weights)
    assert find_model(REPO).variant == "fp16"


def test_nothing_is_downloaded_without_a_listener(shared):
    with pytest.raises(RendererError, match=rf"{REPO} is not in the Hugging Face cache; download it with: hf download"):
        make_renderer("diffusion", Settings(renderer="diffusion", model=REPO))
    assert not shared.asked


def test_offline_makes_no_request_and_prints_the_download_command(shared, monkeypatch):
    from huggingface_hub import constants

    messages = []
    with pytest.raises(RendererError, match=r"because --offline is given; download it with: hf download") as error:
        make(messages, offline=True)
    assert "\n" not in str(error.value)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RendererError, match=r"because HF_HUB_OFFLINE is set; download it with: hf download"):
        make(messages)
    assert not shared.asked
    assert not messages
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    one = make(messages).cache_key()
    shared.asked.clear()
    assert make(messages, offline=True).cache_key() == one  # the same cache key for any way of downloading
    assert not shared.asked


def test_printed_command_downloads_the_needed_files(shared, tmp_path):
    """Run the library's own command, with the printed patterns, in a separate process."""
    with pytest.raises(RendererError) as error:
        find_model(REPO)
    command = re.search(r'hf download \S+ ((?:--\w+ "[^"]+" ?)+)$', str(error.value))
    patterns = re.findall(r'--(include|exclude) "([^"]+)"', command[1])
    code = (
        "import sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1], "
        "allow_patterns=sys.argv[2].split('|'), ignore_patterns=sys.argv[3].split('|'))"
    )
    given = ["|".join(text for how, text in patterns if how == kind) for kind in ("include", "exclude")]
    env = os.environ | {"HF_ENDPOINT": shared.address, "HF_HUB_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code, REPO, *given], env=env, check=True, capture_output=True)
    assert find_model(REPO).family == "sd15"
    assert set(shared.fetched()) == set(PIPELINE.choose(names_in(shared.repos[REPO]), False))


def test_interrupted_download_resumes(shared):
    shared.broken.add("unet/diffusion_pytorch_model.safetensors")
    messages = []
    with pytest.raises(RendererError, match=rf"{REPO} could not be downloaded from {shared.address}: .*hf download"):
        make(messages)
    assert cached(REPO) is not None
    with pytest.raises(RendererError, match=r"has no unet/\*\.safetensors in the Hugging Face cache; download it with"):
        find_model(REPO)
    shared.broken.clear()
    shared.asked.clear()
    make(messages)
    assert shared.fetched() == ["unet/diffusion_pytorch_model.safetensors"]
    assert " in 1 file, to " in lines(messages)[-1]


def test_model_of_another_kind_is_refused_before_downloading_weights(shared):
    index = shared.repos[REPO] / "model_index.json"
    index.write_text('{"_class_name": "StableDiffusionInpaintPipeline"}')
    with pytest.raises(RendererError, match="is a StableDiffusionInpaintPipeline"):
        make([])
    assert not [name for name in shared.fetched() if name.endswith(".safetensors")]


def test_pickled_weights_are_not_downloaded(shared):
    for path in shared.repos[REPO].glob("unet/*.safetensors"):
        path.unlink()
    messages = []
    with pytest.raises(RendererError, match=r"has no unet/\*\.safetensors in its repo.*weights as \.safetensors"):
        make(messages)
    assert not messages
    assert not shared.fetched()


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (
            lambda server: server.repos.clear(),
            r"http://.* has no model painter/village, or it is private.*hf auth login",
        ),
        (lambda server: server.gated.add(REPO), r"is gated: accept its terms at \S+/painter/village, log in with"),
        (
            lambda server: server.broken.add("model_index.json"),
            r"could not be downloaded from \S+: .*; run again when it is",
        ),
    ],
)
def test_download_errors_are_one_line_with_the_command(shared, spoil, match):
    spoil(shared)
    with pytest.raises(RendererError, match=match) as error:
        make([])
    assert f"hf download {REPO} --include" in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_network_is_reported(monkeypatch, tmp_path):
    pytest.importorskip("huggingface_hub")
    with serving() as gone:
        address = gone.address
    use(monkeypatch, address, tmp_path / "cache")
    with pytest.raises(RendererError, match=r"could not be downloaded from http://127\S+: .*hf download") as error:
        Source(fetching([])).find(REPO, PIPELINE)
    assert "\n" not in str(error.value)


def test_full_disk_is_reported_before_the_download(shared, monkeypatch):
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))
    messages = []
    with pytest.raises(RendererError, match=r"needs \S+ \wB, but \S+ has 1 kB free; .*HF_HOME"):
        make(messages)
    assert not messages
    assert not shared.fetched()


def test_controls_loras_adapters_and_autoencoders_come_from_repos(shared, models, tmp_path):
    for name, folder in (("a/net", "control"), ("a/ip", "adapter_sd15"), ("a/lora", "loras_sd15")):
        shared.repos[name] = models / folder
    shared.repos["a/vae"] = models / "sdxl" / "vae"
    messages = []
    asked = {
        "control": "canny", "control_model": "canny=a/net", "vae": "a/vae", "lora": "hf://a/lora/ink.v1.safetensors:0.5",
        "style": "ref.png", "ip_adapter": "hf://a/ip/adapter.safetensors:0.7",
    }  # fmt: skip
    painter = make(messages, **asked)
    downloads = [line.split(", ")[0] for line in lines(messages)]
    assert downloads == [
        "downloading the model painter/village", "downloading the autoencoder a/vae",
        "downloading the ControlNet a/net", "downloading the LoRA a/lora", "downloading the IP-Adapter a/ip",
        "downloading the image encoder a/ip",
    ]  # fmt: skip
    request = RenderRequest(7, picture(), picture(seed=5), None, None, 3)
    here = {
        "control_model": f"canny={models / 'control'}", "vae": str(models / "sdxl"),
        "lora": f"{models / 'loras_sd15' / 'ink.v1.safetensors'}:0.5",
        "ip_adapter": f"{models / 'adapter_sd15' / 'adapter.safetensors'}:0.7", "model": str(models / "sd15"),
    }  # fmt: skip
    same = make([], **{**asked, **here}).render(request, quiet).picture
    np.testing.assert_array_equal(painter.render(request, quiet).picture, same)


def test_single_file_model_downloads_only_its_configuration(shared, models, monkeypatch):
    from stylize.renderers.diffusion import models as module

    monkeypatch.setattr(module, "CONFIGS", {"sd15": REPO})
    messages = []
    painter = make(messages, model=str(models / "one.safetensors"))
    assert lines(messages)[0].startswith(f"downloading the configuration {REPO}, ")
    assert not [name for name in shared.fetched() if not name.endswith((".json", ".txt"))]
    np.testing.assert_array_equal(shown(painter), paint(models, plate=picture()))


def test_newer_commit_is_not_looked_up(shared):
    make([])
    (shared.repos[REPO] / "README.md").write_text("new")
    shared.asked.clear()
    make([])
    assert not shared.asked


def test_run_downloads_its_model_and_reports_it(shared, tmp_path):
    """Start as a user would: with the command, the environment, and an empty cache."""
    env = os.environ | {"HF_ENDPOINT": shared.address, "HF_HUB_CACHE": str(tmp_path / "other")}
    env.pop("HF_HUB_OFFLINE", None)
    command = [
        sys.executable, "-W", "ignore", "cli.py", "examples/bunny.mp4", "--renderer", "diffusion", "--model", REPO,
        "--frames", "1-2", "--keyframes", "1", "--steps", "2", "--render-size", "96", "--to", "render",
        "--project", str(tmp_path / "p"),
    ]  # fmt: skip
    refused = subprocess.run([*command, "--offline"], env=env, check=False, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "--offline is given; download it with: hf download painter/village" in refused.stderr
    assert not shared.asked
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "downloading the model painter/village, " in done.stderr
    assert list((tmp_path / "p" / "keys").iterdir())


def test_names_of_repos_and_their_files_are_parsed():
    assert is_remote("a/b")
    assert is_remote("hf://a/b/c/d.safetensors")
    assert split("hf:/a/b/c/d.safetensors") == ("a/b", "c/d.safetensors")  # normalised as a path
    assert split("a/b") == ("a/b", "")
    assert not is_inside("a/b")
    for name in ("a/b/c", "/a/b", "./a", "a", "../a", "hf://a/b"):
        assert not is_remote(name), name
    asked = Settings(renderer="diffusion", model="a/b", lora="hf://a/b/c.safetensors:0.5")
    assert str(asked.lora[0]) == "hf://a/b/c.safetensors:0.5"
    assert Settings(**asked.stored()) == asked


def test_sizes_are_formatted_for_people():
    assert [format_size(size) for size in (4_265_380_512, 23_000_000, 500)] == ["4.3 GB", "23.0 MB", "1 kB"]


def test_missing_files_are_named_with_the_command(server):
    with pytest.raises(RendererError, match=r"the ControlNet a/b is not in .*: hf download a/b --include"):
        CACHE_ONLY.find("a/b", NETWORK, "ControlNet")
    with pytest.raises(RendererError, match=r"hf download a/b x\.pth y\.pth$"):
        CACHE_ONLY.find("a/b", files("x.pth", "y.pth"))


def test_annotators_download_only_their_own_files(server, monkeypatch, tmp_path):
    from stylize.renderers.diffusion import networks

    monkeypatch.setattr(networks, "find_spec", lambda name: object())
    lay_out(tmp_path / "a", {"ControlNetHED.pth": 900, "netG.pth": 500, "body_pose_model.pth": 7})
    server.repos[networks.REPO] = tmp_path / "a"
    messages = []
    found = networks.check_annotator("softedge", None, Source(fetching(messages)))
    assert [path.name for path in found.iterdir()] == server.fetched() == ["ControlNetHED.pth"]
    assert lines(messages)[0].startswith(
        "downloading the repo of annotators lllyasviel/Annotators, 1 kB in 1 file, to "
    )
    assert networks.check_annotator("softedge", None) == found
    command = r"has no netG\.pth in the Hugging Face cache.*hf download lllyasviel/Annotators netG\.pth, or give"
    with pytest.raises(RendererError, match=command):
        networks.check_annotator("lineart_anime", None)
    with pytest.raises(RendererError, match=r"has no hand_pose_model\.pth, facenet\.pth in its repo"):
        networks.check_annotator("openpose", None, Source(fetching(messages)))
