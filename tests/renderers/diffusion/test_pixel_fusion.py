"""Fusion of the earlier key in pixels: exact to the pixel where it is trusted, without accumulating loss over keys."""

import numpy as np
import pytest

from stylize.renderers import RenderRequest
from stylize.renderers.diffusion.fusion import decode_latents, encode_picture, latent_mask
from stylize.renderers.diffusion.pixel_fusion import NetworkWatch, fuse_pixels
from tests.renderers.diffusion.test_options import renderer
from tests.renderers.diffusion.test_renderer import picture, quiet
from tests.renderers.diffusion.test_renderer import pytestmark as quietly

pytestmark = quietly
EVERYWHERE = np.ones((48, 64), np.float32)
KEYS = 4


def lossy(models, **asked):
    return renderer(models, vae=str(models / "lossy"), **asked)


def round_trip(pipeline, key):
    return np.clip(decode_latents(pipeline, encode_picture(pipeline, key)), 0, 1)


def soft_picture(height=48, width=64):
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([0.5 + 0.3 * np.sin(rows / 3), 0.5 + 0.3 * np.cos(columns / 4), 0.5 + 0 * rows], axis=2)


def test_autoencoder_loss_does_not_accumulate_over_keys(models):
    painter = lossy(models, fuse=1, share_attention=0, match_colours=0, denoise=0.5, steps=8)
    first = soft_picture()
    fused = plain = first
    for frame in range(2, KEYS + 2):
        request = RenderRequest(frame, soft_picture(), None, fused, EVERYWHERE, frame, (first,))
        fused = painter.render(request, quiet).picture
        plain = round_trip(painter.parts.base, plain)
    once = np.abs(round_trip(painter.parts.base, first) - first).mean()
    lost = np.abs(plain - first).mean()
    assert lost > 2.5 * once  # it accumulates in plain round trips
    assert np.abs(fused - first).mean() < 0.2 * lost
    assert np.abs(fused - first).mean() < 0.6 * once


def test_latents_without_fusion_are_unchanged(models):
    import torch

    pipeline = lossy(models).parts.base
    painted, laid = (encode_picture(pipeline, picture(seed=seed)) for seed in (1, 2))
    nowhere = np.zeros((48, 64), np.float32)
    mask = latent_mask(nowhere, laid)
    same = fuse_pixels(pipeline, painted, laid, mask, picture(seed=2), nowhere)
    torch.testing.assert_close(same, painted)
    left = nowhere.copy()
    left[:, :32] = 1
    made = fuse_pixels(pipeline, painted, laid, latent_mask(left, laid), picture(seed=2), left)
    torch.testing.assert_close(made[..., 40:], painted[..., 40:], atol=1e-4, rtol=1e-4)
    shown = decode_latents(pipeline, made)
    plain = decode_latents(pipeline, laid)
    wanted = picture(seed=2)
    assert np.abs(shown - wanted)[:, 2:28].mean() < 0.3 * np.abs(plain - wanted)[:, 2:28].mean()


def test_border_of_fusion_is_exact_in_pixels(models):
    """At eight pixels per latent, a mask of latents cannot express that half of one is trusted; pixels can."""
    from stylize.renderers.diffusion import pixel_fusion

    seen = []
    plain = pixel_fusion.encode_picture
    pipeline = renderer(models).parts.base
    confidence = np.zeros((48, 64), np.float32)
    confidence[:, :28] = 1
    latents = encode_picture(pipeline, picture())
    try:
        pixel_fusion.encode_picture = lambda pipeline, shown: seen.append(shown) or plain(pipeline, shown)
        fuse_pixels(pipeline, latents, latents, latent_mask(confidence, latents), 1 - picture(), confidence)
    finally:
        pixel_fusion.encode_picture = plain
    back, fused = seen
    np.testing.assert_array_equal(fused[:, 28:], back[:, 28:])
    np.testing.assert_allclose(fused[:, :28], 1 - picture()[:, :28], atol=1e-6)


def test_poor_autoencoder_is_not_corrected(models):
    """With random weights the loss exceeds the signal, and compensating for it in advance would amplify it."""
    pipeline = renderer(models).parts.base
    latents = encode_picture(pipeline, picture())
    made = fuse_pixels(pipeline, latents, latents, latent_mask(EVERYWHERE, latents), 1 - picture(), EVERYWHERE)
    np.testing.assert_allclose(made, encode_picture(pipeline, 1 - picture()), atol=1e-5)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_clean_latents_are_derived_from_the_prediction(kind):
    torch = pytest.importorskip("torch")
    DDIMScheduler = pytest.importorskip("diffusers").DDIMScheduler  # noqa: N806

    scheduler = DDIMScheduler(prediction_type=kind)
    clean, noise = torch.randn(1, 4, 6, 8), torch.randn(1, 4, 6, 8)
    timestep = torch.tensor(400)
    kept = scheduler.alphas_cumprod[400]
    sample = scheduler.add_noise(clean, noise, timestep[None])
    prediction = {"epsilon": noise, "v_prediction": kept**0.5 * noise - (1 - kept) ** 0.5 * clean, "sample": clean}[
        kind
    ]
    torch.testing.assert_close(
        NetworkWatch(sample, prediction, timestep).painted(scheduler, 7), clean, atol=1e-4, rtol=1e-4
    )
    # Without and with the prompt: guidance extrapolates from one towards the other.
    both = torch.cat([prediction - 1, prediction + 1])
    guided = NetworkWatch(torch.cat([sample, sample]), both, timestep).painted(scheduler, 0.5)
    torch.testing.assert_close(guided, clean, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("sampler", [None, "Euler a", "DPM++ 2M Karras", "Heun", "DPM2", "LCM", "PLMS", "UniPC"])
def test_fusion_works_with_every_sampler(models, sampler):
    painter = renderer(models, vae=str(models / "clear"), sampler=sampler, fuse=1, share_attention=0.5, steps=8)
    earlier = soft_picture()
    request = RenderRequest(9, picture(), None, earlier, EVERYWHERE, 5, (earlier,))
    key = painter.render(request, quiet).picture
    assert np.abs(key - earlier).mean() < 0.03
