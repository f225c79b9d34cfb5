import inspect

import stylize


def test_the_public_names_are_these():
    assert sorted(stylize.__all__) == ["Settings", "StylizeError", "errors", "plan", "run"]
    assert all(hasattr(stylize, name) for name in stylize.__all__)


def test_run_and_plan_take_the_same():
    assert inspect.signature(stylize.run) == inspect.signature(stylize.plan)


def test_every_error_is_in_one_tree():
    kinds = [kind for kind in vars(stylize.errors).values() if inspect.isclass(kind)]
    assert all(issubclass(kind, stylize.StylizeError) and kind.__doc__ for kind in kinds)
