"""Prompts in A1111's syntax: ``(word:1.2)``, ``((more))``, ``[less]``, ``BREAK``, ``<lora:name:0.8>``."""

import re
from dataclasses import dataclass

from stylize.errors import SettingsError

# Factor, or divisor, of attention per pair of brackets.
STEP = 1.1
# Maximum absolute weight. Above it, embeddings are so far from the training data that only noise results.
LARGEST = 10.0
_LORA = re.compile(r"<lora:([^:<>]+)(?::([^<>]*))?>")
# Names of the weights of a LoRA, as they may be written in A1111: for the text encoder, and for the network.
_LORA_WEIGHTS = ("te", "unet")
_TOKEN = re.compile(r"\\[()\[\]\\]|\(|\[|:\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*\)|\)|\]|[^\\()\[\]:]+|[:\\]")
_BREAK = re.compile(r"\s*\bBREAK\b\s*")


@dataclass(frozen=True)
class Prompt:
    """Parsed prompt.

    chunks: separated by BREAK, each a list of texts and their weights. loras: name and weight, in the order written.
    """

    chunks: tuple[tuple[tuple[str, float], ...], ...]
    loras: tuple[tuple[str, float], ...]

    @property
    def words(self) -> str:
        """Text without weights, empty for an empty prompt."""
        return " ".join(text for chunk in self.chunks for text, _ in chunk).strip()


def read_prompt(text: str) -> Prompt:
    """Parse a prompt.

    As in A1111, unclosed brackets extend to the end, and unmatched closing brackets are ignored.
    Raises SettingsError for a weight out of range, and for prompt editing (``[from:to:when]``, ``[a|b]``).
    """
    loras = tuple((match[1].strip(), _lora_weight(match[2] or "1", match[0])) for match in _LORA.finditer(text))
    pieces = _weighted(_LORA.sub("", text))
    chunks: list[list[tuple[str, float]]] = [[]]
    for words, weight in pieces:
        first, *others = _BREAK.split(words)
        chunks[-1].append((first, weight))
        chunks += [[(words, weight)] for words in others]
    return Prompt(tuple(_merged(chunk) for chunk in chunks), loras)


def _weighted(text: str) -> list[tuple[str, float]]:
    pieces: list[tuple[str, float]] = []
    round_opened: list[int] = []
    square_opened: list[int] = []

    def scale(start: int, by: float) -> None:
        pieces[start:] = [(words, weight * by) for words, weight in pieces[start:]]

    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "(":
            round_opened.append(len(pieces))
        elif token == "[":
            square_opened.append(len(pieces))
        elif match[1] is not None and round_opened:
            scale(round_opened.pop(), _weight(match[1], token))
        elif token == ")" and round_opened:
            scale(round_opened.pop(), STEP)
        elif token == "]" and square_opened:
            start = square_opened.pop()
            _refuse_editing("".join(words for words, _ in pieces[start:]))
            scale(start, 1 / STEP)
        elif token not in (")", "]"):
            pieces.append((token[1:] if token[0] == "\\" and len(token) > 1 else token, 1.0))
    for start in round_opened:
        scale(start, STEP)
    for start in square_opened:
        scale(start, 1 / STEP)
    return pieces


def _refuse_editing(words: str) -> None:
    if ":" in words or "|" in words:
        raise SettingsError(
            f"[{words}] is prompt editing, which is not supported; give a schedule by frame, as in "
            '--prompt \'0: "a village", 100: "a burning village"\', or write \\[ and \\] for brackets'
        )


def _weight(text: str, where: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = float("nan")
    if not -LARGEST <= weight <= LARGEST:
        raise SettingsError(f"the weight in {where!r} must be a number from -{LARGEST:g} to {LARGEST:g}")
    return weight


def _lora_weight(text: str, where: str) -> float:
    """Return the weight of a LoRA. Raises SettingsError if the weights of text encoder and network differ."""
    weights = set[float]()
    for part in text.split(":"):
        name, _, value = part.rpartition("=")
        if name and name.strip() not in _LORA_WEIGHTS:
            raise SettingsError(f"{where!r} sets {name.strip()}, which is not supported; leave that out")
        weights.add(_weight(value, where))
    if len(weights) > 1:
        raise SettingsError(
            f"{where!r} has different weights for text encoder and network, which are not supported; write one weight, "
            f"as in <lora:name:{max(weights):g}>"
        )
    return weights.pop()


def _merged(pieces: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Merge adjacent pieces of equal weight, so that words are not split at escaped brackets."""
    merged: list[tuple[str, float]] = []
    for words, weight in pieces:
        if merged and merged[-1][1] == weight:
            merged[-1] = merged[-1][0] + words, weight
        elif words:
            merged.append((words, weight))
    return tuple(merged)
