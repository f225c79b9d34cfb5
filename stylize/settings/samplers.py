"""Samplers by their A1111 names, as schedulers of diffusers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# Schedulers that call the network twice per step, except in the last one, and one that calls it once more.
TWO_CALLS = ("HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler")
ONE_MORE_CALL = "PNDMScheduler"
_KARRAS = {"use_karras_sigmas": True}
_MULTI, _SINGLE = "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler"


@dataclass(frozen=True)
class Sampler:
    """One sampler. kind: the class in diffusers. options: its arguments, which complete the model's configuration."""

    kind: str
    options: Mapping[str, Any]


def _sampler(kind: str, **options: Any) -> Sampler:
    return Sampler(kind, MappingProxyType(options))


# Spelled as in A1111. The solvers end with a first-order step, because with few steps a second-order one causes
# ringing.
SAMPLERS: Mapping[str, Sampler] = MappingProxyType(
    {
        "Euler": _sampler("EulerDiscreteScheduler"),
        "Euler a": _sampler("EulerAncestralDiscreteScheduler"),
        "Euler trailing": _sampler("EulerDiscreteScheduler", timestep_spacing="trailing"),
        "Heun": _sampler("HeunDiscreteScheduler"),
        "DPM2": _sampler("KDPM2DiscreteScheduler"),
        "DPM2 Karras": _sampler("KDPM2DiscreteScheduler", **_KARRAS),
        "DPM2 a": _sampler("KDPM2AncestralDiscreteScheduler"),
        "DPM2 a Karras": _sampler("KDPM2AncestralDiscreteScheduler", **_KARRAS),
        "DPM++ 2M": _sampler(_MULTI, algorithm_type="dpmsolver++", euler_at_final=True),
        "DPM++ 2M Karras": _sampler(_MULTI, algorithm_type="dpmsolver++", euler_at_final=True, **_KARRAS),
        "DPM++ 2M SDE": _sampler(_MULTI, algorithm_type="sde-dpmsolver++", euler_at_final=True),
        "DPM++ 2M SDE Karras": _sampler(_MULTI, algorithm_type="sde-dpmsolver++", euler_at_final=True, **_KARRAS),
        "DPM++ 2S": _sampler(_SINGLE, lower_order_final=True),
        "DPM++ 2S Karras": _sampler(_SINGLE, lower_order_final=True, **_KARRAS),
        "DDIM": _sampler("DDIMScheduler"),
        "PLMS": _sampler("PNDMScheduler", skip_prk_steps=True),
        "UniPC": _sampler("UniPCMultistepScheduler"),
        "LCM": _sampler("LCMScheduler"),
        "TCD": _sampler("TCDScheduler"),
    }
)
_KNOWN = MappingProxyType({"".join(name.lower().split()): name for name in SAMPLERS})


def known_sampler(name: str) -> str:
    """Return the displayed name of a sampler given in any case and spacing. Raises ValueError for an unknown one."""
    try:
        return _KNOWN["".join(name.lower().replace("_", " ").split())]
    except KeyError:
        raise ValueError(name) from None
