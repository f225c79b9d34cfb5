"""Prompts written in A1111's syntax read back as their words and weights."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.renderers.diffusion.prompts import STEP, read_prompt
from stylize.settings.schedules import all_texts, is_schedule, text_at

# Including every character with a meaning.
WORDS = st.text("ab ()[]\\,.", min_size=1, max_size=6)
WEIGHTS = st.integers(-100, 100).map(lambda hundredths: hundredths / 100)
Pieces = list[tuple[str, float]]


@dataclass(frozen=True)
class Bracketed:
    """Bracketed parts of a prompt. weight: after a colon; None for the factor implied by the bracket."""

    parts: tuple["str | Bracketed", ...]
    bracket: str
    weight: float | None

    def factor(self) -> float:
        if self.weight is not None:
            return self.weight
        return STEP if self.bracket == "(" else 1 / STEP


def bracketed(children: st.SearchStrategy[tuple["str | Bracketed", ...]]) -> st.SearchStrategy[Bracketed]:
    return st.builds(Bracketed, children, st.just("("), WEIGHTS | st.none()) | st.builds(
        Bracketed, children, st.just("["), st.none()
    )


PROMPTS = st.recursive(
    st.lists(WORDS, min_size=1, max_size=2).map(tuple),
    lambda inner: st.lists(WORDS | bracketed(inner), min_size=1, max_size=3).map(tuple),
    max_leaves=8,
)


def written(parts: tuple[str | Bracketed, ...]) -> str:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += re.sub(r"([()\[\]\\])", r"\\\1", part)
        else:
            weight = "" if part.weight is None else f":{part.weight}"
            text += f"{part.bracket}{written(part.parts)}{weight}{')' if part.bracket == '(' else ']'}"
    return text


def meant(parts: tuple[str | Bracketed, ...]) -> Pieces:
    """Words and weights, with outer brackets multiplied into inner ones."""
    pieces: Pieces = []
    for part in parts:
        if isinstance(part, str):
            pieces.append((part, 1.0))
        else:
            pieces += [(words, weight * part.factor()) for words, weight in meant(part.parts)]
    return pieces


def merged(pieces: Pieces) -> Pieces:
    found: Pieces = []
    for words, weight in pieces:
        if found and found[-1][1] == weight:
            found[-1] = (found[-1][0] + words, weight)
        else:
            found.append((words, weight))
    return found


@pytest.mark.slow
@given(PROMPTS)
def test_word_weights_read_back(parts: tuple[str | Bracketed, ...]) -> None:
    (chunk,) = read_prompt(written(parts)).chunks
    assert list(chunk) == merged(meant(parts))


@given(
    st.lists(
        st.lists(st.tuples(st.text("abc", min_size=1, max_size=4), WEIGHTS), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_parts_between_breaks_read_back(chunks: list[Pieces]) -> None:
    text = " BREAK ".join("".join(f"({words}:{weight})" for words, weight in chunk) for chunk in chunks)
    assert [list(chunk) for chunk in read_prompt(text).chunks] == [merged(chunk) for chunk in chunks]


@given(
    st.lists(st.tuples(st.text("ab._- 1", min_size=1, max_size=6).map(str.strip).filter(bool), WEIGHTS), max_size=4),
    WORDS,
)
def test_loras_read_back_in_order_without_changing_words(loras: Pieces, words: str) -> None:
    escaped = written((words,))
    prompt = read_prompt(escaped + "".join(f"<lora:{name}:{weight}>" for name, weight in loras))
    assert list(prompt.loras) == loras
    assert prompt.chunks == read_prompt(escaped).chunks


@given(
    st.dictionaries(st.integers(0, 9999), st.text('ab"\\,:{}5 \n', max_size=8), min_size=1, max_size=4), st.booleans()
)
def test_schedule_of_prompts_reads_back(texts: dict[int, str], as_deforum: bool) -> None:
    points = sorted(texts.items())
    quoted = [(frame, text.replace("\\", "\\\\").replace('"', '\\"')) for frame, text in points]
    if as_deforum:
        schedule = "{" + ", ".join(f'"{frame}": "{text}"' for frame, text in quoted) + "}"
    else:
        schedule = ", ".join(f'{frame}: "{text}"' for frame, text in quoted)
    assert is_schedule(schedule)
    assert all_texts(schedule) == tuple(text for _, text in points)
    for frame, text in points:
        assert text_at(schedule, frame) == text
