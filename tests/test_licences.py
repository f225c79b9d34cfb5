"""The page of licences agrees with ``pyproject.toml`` and with what is installed; its generator skips nothing."""

from email.message import Message

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import licences
from tests.licences import CORE, PAGE, Installed, closure, declared, licence, look_up, page, range_text, read_page


def metadata(**fields):
    message = Message()
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            message[name.replace("_", "-")] = value
    return message


def environment(*installed):
    return {one.name: one for one in installed}.get


@pytest.fixture(scope="module")
def rows():
    return read_page(PAGE.read_text(encoding="utf-8"))


def test_page_has_the_extras_and_ranges_of_pyproject(rows):
    assert list(rows) == list(declared()), "run python -m tests.licences with all extras installed"
    core = {canonicalize_name(row[0]) for row in rows[CORE]}
    for group, requirements in declared().items():
        expected = {
            canonicalize_name(one.name): range_text(closure([one], lambda _: None, [])[canonicalize_name(one.name)])
            for one in requirements
            if group == CORE or canonicalize_name(one.name) not in core
        }
        # The range of an indirect one begins with the name of what asks for it.
        direct = {
            canonicalize_name(row[0]): row[2] for row in rows[group] if not row[2][0].isalnum() or row[2] == "any"
        }
        assert direct == expected, group


def test_page_has_the_licences_of_packages_installed_in_the_same_version(rows):
    """Another version may have another licence, which is no fault of a change here: the page names its versions."""
    pages = {row[0]: row for found in rows.values() for row in found}
    for name, version, _, text in pages.values():
        installed = look_up(name)
        if installed is not None and installed.version == version:
            assert (name, installed.licence) == (name, text)
    assert all(text for *_, text in pages.values())


def test_core_dependencies_installed_in_the_same_version_are_on_the_page(rows):
    versions = {canonicalize_name(row[0]): row[1] for row in rows[CORE]}
    problems = []
    found = closure(declared()[CORE], look_up, problems)
    assert not problems
    same = {name for name in found if look_up(name).version == versions.get(name)}
    assert {name for name, ranges in found.items() if same & ranges.keys()} <= set(versions)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License_Expression": "MIT AND Zlib", "License": "other"}, "MIT AND Zlib"),
        ({"License": "BSD", "Classifier": "License :: OSI Approved :: BSD License"}, "BSD"),
        (
            {
                "License": "Dual License",
                "Classifier": ["License :: OSI Approved :: BSD License", "License :: OSI Approved :: MIT License"],
            },
            "Dual License (BSD License, MIT License)",
        ),
        (
            {"License": "Copyright 2001\nRedistribution", "Classifier": "License :: OSI Approved :: BSD License"},
            "BSD License",
        ),
        ({"License": "MIT License\n\nPermission is"}, "MIT License"),
        ({"License": "UNKNOWN", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT License"),
        ({"License": "UNKNOWN", "Classifier": "Topic :: Software"}, None),
        ({}, None),
    ],
)
def test_licence_is_the_most_precise_statement_of_the_metadata(fields, expected):
    assert licence(metadata(**fields)) == expected


def test_indirect_dependencies_are_found_with_their_extras_and_markers():
    lookup = environment(
        Installed("a", "1", ("b[fast]>=2,<3", "windows; sys_platform == 'win32'", "never; extra == 'x'"), "MIT"),
        Installed("b", "2", ("c; extra == 'fast'", "never; extra == 'slow'", "a"), "MIT"),
        Installed("c", "3", (), "MIT"),
    )
    problems = []
    found = closure([Requirement("A>=1")], lookup, problems)
    assert found == {"a": {"": ">=1", "b": ""}, "b": {"a": ">=2,<3"}, "c": {"b": ""}}
    assert [range_text(ranges) for ranges in found.values()] == [">=1", "a >=2,<3", "b"]
    assert not problems


def test_missing_package_or_licence_is_an_error(monkeypatch):
    groups = {CORE: [Requirement("bare"), Requirement("whole")], "more": [Requirement("gone")]}
    monkeypatch.setattr(licences, "declared", lambda: groups)
    lookup = environment(Installed("bare", "1", (), None), Installed("whole", "1", ("lost",), "MIT"))
    with pytest.raises(ValueError, match=r"^lost: expected") as caught:
        page(lookup)
    assert str(caught.value).splitlines() == [
        "lost: expected it to be installed, for whole; found nothing",
        "bare: expected a licence in its metadata, found none",
        "gone: expected it to be installed, for pyproject.toml; found nothing",
    ]


def test_extra_lists_its_additional_packages_and_the_page_can_be_parsed(monkeypatch):
    groups = {CORE: [Requirement("base")], "more": [Requirement("zeta<2"), Requirement("base")]}
    monkeypatch.setattr(licences, "declared", lambda: groups)
    lookup = environment(
        Installed("base", "1", (), "MIT"),
        Installed("zeta", "1.5", ("alpha",), "BSD"),
        Installed("alpha", "2", (), "ISC"),
    )
    assert read_page(page(lookup)) == {
        CORE: [("base", "1", "any", "MIT")],
        "more": [("zeta", "1.5", "<2", "BSD"), ("base", "1", "any", "MIT"), ("alpha", "2", "zeta", "ISC")],
    }
