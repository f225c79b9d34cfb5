"""Tiny models, saved once for all tests of this folder."""

import pytest

from tests.renderers.diffusion import tiny


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder of tiny models.

    Complete models: ``sd15`` and ``sdxl``; ``control``, ``control_xl``, LoRAs, adapters; and single files: ``one``,
    ``one_xl``, ``vae``.
    """
    pytest.importorskip("diffusers")
    root = tmp_path_factory.mktemp("models")
    small, large = tiny.save_sd15(root), tiny.save_sdxl(root)
    tiny.save_control(small, root / "control")
    tiny.save_control(small, root / "control2", seed=9)
    tiny.save_control(large, root / "control_xl")
    for name, unet in (("sd15", small), ("sdxl", large)):
        (root / f"adapter_{name}").mkdir()
        tiny.save_image_adapter(unet, root / f"adapter_{name}")
        (root / f"loras_{name}").mkdir()
        tiny.save_lora(unet, root / f"loras_{name}" / "ink.v1.safetensors")
    tiny.save_single_file(root / "sd15", root / "one.safetensors")
    tiny.save_single_file(root / "sdxl", root / "one_xl.safetensors")
    tiny.save_shared(tiny.shared_autoencoder(root / "sdxl"), root / "vae.safetensors")
    tiny.save_clear_autoencoder(root / "clear")
    tiny.save_lossy_autoencoder(root / "clear", root / "lossy")
    return root
