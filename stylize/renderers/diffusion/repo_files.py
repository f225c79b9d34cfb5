"""Select the files needed from a repo by name alone; the others are not downloaded.

Weights are read only as .safetensors. A repo often has the same weights in several formats and precisions; one set is
enough.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WEIGHTS = ".safetensors"
INDEX, CONFIG = "model_index.json", "config.json"
HALF = "fp16"
_SHARD = r"(?:-(?P<{0}>\d+)-of-(?P<{0}_all>\d+))?"
_WEIGHTS = re.compile(
    r"(?P<stem>[^.]+?)" + _SHARD.format("one") + r"(?:\.(?P<variant>\w+))?" + _SHARD.format("two") + r"\.safetensors"
)
# Stems of the weight files that diffusers and transformers use; others are exports for other programs.
_STEMS = ("diffusion_pytorch_model", "model")
# Folders of a pipeline that are never loaded.
_EXCLUDED = ("safety_checker",)
_SMALL = (".json", ".txt")

Choose = Callable[[Sequence[str], bool], tuple[str, ...]]


@dataclass(frozen=True)
class Needed:
    """Files needed from a repo. choose: selects from all names, given whether half precision suffices; LookupError if
    one is missing.

    patterns: arguments for ``hf download`` that get at least these files, whatever the other names in the repo.
    """

    choose: Choose
    patterns: str

    def missing_from(self, names: Sequence[str]) -> str:
        """Describe what is missing from ``names``; empty if complete."""
        try:
            self.choose(names, False)
        except LookupError as error:
            return str(error.args[0])
        return ""


@dataclass(frozen=True)
class Weights:
    """Parsed name of a file of weights. shard: its number and the count, or None if not sharded."""

    name: str
    stem: str
    variant: str | None
    shard: tuple[int, int] | None


def read_weights(name: str) -> Weights | None:
    """Parse ``name``, without folders; return None for anything but .safetensors."""
    found = _WEIGHTS.fullmatch(name)
    if found is None:
        return None
    number, count = found["one"] or found["two"], found["one_all"] or found["two_all"]
    return Weights(name, found["stem"], found["variant"], (int(number), int(count)) if number else None)


def choose_weights(names: Sequence[str], half: bool, folder: str = "") -> tuple[str, ...]:
    """Choose weights directly in ``folder``: all shards of one precision. half: prefer half precision.

    Raises LookupError when there is no complete set.
    """
    prefix = f"{folder}/" if folder else ""
    here = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    sets: dict[str | None, list[Weights]] = {}
    for weights in filter(None, map(read_weights, sorted(here))):
        if weights.stem in _STEMS:
            sets.setdefault(weights.variant, []).append(weights)
    whole = {variant: found for variant, found in sets.items() if _is_whole(found)}
    if not whole:
        raise LookupError(f"no complete {prefix}*{WEIGHTS}" if sets else f"no {prefix}*{WEIGHTS}")
    first = [HALF, None] if half else [None, HALF]
    variant = next((one for one in first if one in whole), min(whole, key=str))
    single = [weights for weights in whole[variant] if weights.shard is None]
    return tuple(prefix + weights.name for weights in single or whole[variant])


def _is_whole(found: list[Weights]) -> bool:
    shards = {weights.shard for weights in found}
    return None in shards or any(
        shard is not None and shards >= {(number, shard[1]) for number in range(1, shard[1] + 1)} for shard in shards
    )


def pipeline(parts: Callable[[bool], Sequence[str]]) -> Needed:
    """Select a complete model in diffusers' layout. parts: returns its folders; its argument: has two text encoders."""

    def choose(names: Sequence[str], half: bool) -> tuple[str, ...]:
        chosen = list(_configuration(names))
        for part in parts(any(name.startswith("text_encoder_2/") for name in names)):
            if part.startswith("tokenizer"):
                if not any(name.startswith(f"{part}/") for name in chosen):
                    raise LookupError(f"no {part}/")
            else:
                chosen += choose_weights(names, half, part)
        return tuple(chosen)

    return Needed(
        choose, '--include "*.json" --include "*/*" --exclude "*.[bcfn]*" --exclude "safety_checker/*"'
    )  # fmt: skip


def _configuration(names: Sequence[str]) -> tuple[str, ...]:
    if INDEX not in names:
        raise LookupError(f"no {INDEX}")
    parts = [name for name in names if name.count("/") == 1 and name.endswith(_SMALL)]
    return INDEX, *(name for name in parts if not name.startswith(_EXCLUDED))


def network(*folders: str) -> Needed:
    """Select one network, its configuration and weights, in the first of ``folders`` that has a configuration."""

    def choose(names: Sequence[str], half: bool) -> tuple[str, ...]:
        for folder in folders:
            config = f"{folder}/{CONFIG}" if folder else CONFIG
            if config in names:
                return config, *choose_weights(names, half, folder)
        raise LookupError(f"no {CONFIG}")

    return Needed(choose, '--include "*.json" --include "*.safetensors" --exclude "*.[bcfn]*"')


def files(*wanted: str) -> Needed:
    """Select these files; ``choose`` raises LookupError for one that a repo lacks."""

    def choose(names: Sequence[str], half: bool) -> tuple[str, ...]:
        missing = [name for name in wanted if name not in names]
        if missing:
            raise LookupError(f"no {', '.join(missing)}")
        return wanted

    return Needed(choose, " ".join(wanted))


def within(folder: str, needed: Needed) -> Needed:
    """Apply ``needed`` to a folder inside a repo."""
    if not folder:
        return needed

    def choose(names: Sequence[str], half: bool) -> tuple[str, ...]:
        prefix = f"{folder}/"
        inside = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        try:
            return tuple(prefix + name for name in needed.choose(inside, half))
        except LookupError as error:
            raise LookupError(f"{error.args[0]} in {folder}") from error

    return Needed(choose, f'--include "{folder}/*" --exclude "*.[bcfn]*"')


CONFIGURATION = Needed(lambda names, half: _configuration(names), '--include "*.json" --include "*.txt"')
NETWORK, AUTOENCODER = network(""), network("", "vae")
