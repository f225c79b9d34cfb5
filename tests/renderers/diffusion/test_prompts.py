import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylize.errors import SettingsError
from stylize.renderers.diffusion.prompts import read_prompt


def weighted(text):
    (chunk,) = read_prompt(text).chunks
    return [(words, round(weight, 6)) for words, weight in chunk]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a village", [("a village", 1)]),
        ("", []),
        ("a (red:1.3) roof", [("a ", 1), ("red", 1.3), (" roof", 1)]),
        ("(more)", [("more", 1.1)]),
        ("((more))", [("more", 1.21)]),
        ("[less]", [("less", 0.909091)]),
        ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1), (" c", 0.5)]),
        (r"a \(b\) \[c\] d\\e", [(r"a (b) [c] d\e", 1)]),
        ("(open, to the end", [("open, to the end", 1.1)]),
        ("shut) alone]", [("shut alone", 1)]),
        ("ratio 16:9", [("ratio 16:9", 1)]),
        ("(a: b:1.2)", [("a: b", 1.2)]),
    ],
)
def test_word_weights_are_parsed(text, pieces):
    assert weighted(text) == pieces


def test_loras_are_extracted():
    prompt = read_prompt("a <lora:ink.v1:0.8>roof<lora:wash>")
    assert prompt.loras == (("ink.v1", 0.8), ("wash", 1.0))
    assert read_prompt("<lora:x:te=0.5:unet=0.5>").loras == read_prompt("<lora:x:0.5:0.5>").loras == (("x", 0.5),)
    assert prompt.chunks == ((("a roof", 1.0),),)


def test_break_starts_a_new_part():
    prompt = read_prompt("a BREAK (b BREAK c:1.2) d BREAKFAST")
    assert [[(w, round(x, 6)) for w, x in chunk] for chunk in prompt.chunks] == [
        [("a", 1)], [("b", 1.2)], [("c", 1.2), (" d BREAKFAST", 1)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "(a:99)",
        "<lora:x:77>",
        "<lora:x:..>",
        "<lora:x:te=0.5:unet=0.9>",
        "<lora:x:0.5:0.9>",
        "<lora:x:1:lbw=XYZ>",
        "[a:b:0.5]",
        "[a|b]",
    ],
)
def test_unsupported_syntax_is_refused(text):
    with pytest.raises(SettingsError) as error:
        read_prompt(text)
    assert "\n" not in str(error.value)


@given(st.text(alphabet="ab ()[]:.\\12,", max_size=30))
def test_any_prompt_is_read_or_refused(text):
    try:
        prompt = read_prompt(text)
    except SettingsError:
        return
    words = "".join(words for chunk in prompt.chunks for words, _ in chunk)
    assert set(words) <= set(text)
