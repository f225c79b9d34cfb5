import numpy as np
import pytest

from stylize.renderers.diffusion.recall import Recall, mark_of

torch = pytest.importorskip("torch")


def test_what_is_kept_is_not_made_again_and_what_has_no_use_is_forgotten():
    recall, made = Recall(), []

    def make(name):
        made.append(name)
        return {"layer": torch.full((2,), len(made))}

    for _ in range(2):
        with recall.one_key():
            assert recall.of("first", lambda: make("first"))["layer"][0] == 1
    with recall.one_key():
        recall.of("other", lambda: make("other"))
    assert recall.size == 2 * 8  # only the last one's
    with recall.one_key():
        recall.of("first", lambda: make("first"))
    assert made == ["first", "other", "first"]
    recall.forget()
    assert recall.size == 0


def test_there_is_an_end_to_what_is_kept():
    recall = Recall(largest=100)
    with recall.one_key():
        for name in "abc":
            recall.of(name, lambda: {"layer": torch.zeros(10)})
    assert recall.size == 80
    assert recall.of("c", lambda: {"layer": torch.ones(10)})["layer"].sum() == 10


def test_marks_tell_contents_apart():
    one = torch.arange(4.0)
    same = [mark_of({"a": [one, None]}, 3), mark_of({"a": [one.clone(), None]}, 3)]
    assert same[0] == same[1]
    others = [
        mark_of({"a": [one + 1, None]}, 3), mark_of({"a": [one.half(), None]}, 3), mark_of({"b": [one, None]}, 3),
        mark_of({"a": [one.reshape(2, 2), None]}, 3), mark_of({"a": [one]}, None, 3), mark_of(np.arange(4.0), 3),
    ]  # fmt: skip
    assert len({*same, *others}) == 7
