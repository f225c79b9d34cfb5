import pytest

from stylize.settings.samplers import SAMPLERS, known_sampler


@pytest.mark.parametrize("written", ["dpm++ 2m karras", "DPM++ 2M Karras", "dpm++_2m_karras", " DPM++2MKarras "])
def test_sampler_names_are_accepted_in_any_spelling(written):
    assert known_sampler(written) == "DPM++ 2M Karras"


def test_unknown_sampler_is_refused():
    with pytest.raises(ValueError, match="brush"):
        known_sampler("brush")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of NumPy, in the library
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_exists_in_the_library_and_accepts_its_options(name):
    diffusers = pytest.importorskip("diffusers")
    asked = SAMPLERS[name]
    made = getattr(diffusers, asked.kind)(**asked.options)
    assert {option: made.config[option] for option in asked.options} == dict(asked.options)
