"""The reference of options repeats the declaration of each."""

import re

from stylize.settings import GROUPS, LOOKS_OPTIONS, MATTE_OPTIONS, OPTIONS
from stylize.settings.reference import PAGE, option_table, page, reference


def cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_row_contains_the_whole_declaration():
    head, _, structure, optimise_for = option_table([OPTIONS["structure"], OPTIONS["optimise_for"]]).splitlines()
    assert cells(head) == ["Option", "Flag", "Value", "Python type", "Default", "Stages", "Meaning"]
    assert cells(structure) == [
        "`structure`", "`--structure`", "a number from 0 to 1", "`float | str`", "`0.5`", "pick, render",
        OPTIONS["structure"].help,
    ]  # fmt: skip
    assert cells(optimise_for)[1:4] == ["`--optimise-for`", "one of mean, worst", '`Literal["mean", "worst"]`']
    assert cells(optimise_for)[-1].endswith("Formerly `keys_for`.")


def test_missing_defaults_and_stages_are_described_in_words():
    rows = {name: cells(option_table([OPTIONS[name]]).splitlines()[2]) for name in OPTIONS}
    assert [rows[name][4] for name in ("style", "add_key", "export", "keep_colours", "cfg", "split")] == [
        "none", "none", "none", "`False`", "`7.0`", "`True`",
    ]  # fmt: skip
    assert [rows[name][5] for name in ("frames", "codec", "to_stage")] == ["all", "export", "none"]
    assert rows["output"][1] == "`-o`, `--output`"


def test_reference_lists_every_option_once_under_its_group():
    run, _, rest = reference().partition("## Options of stylize matte")
    matte, _, looks = rest.partition("## Options of stylize looks")
    for text, options in ((run, OPTIONS), (matte, MATTE_OPTIONS), (looks, LOOKS_OPTIONS)):
        assert sorted(re.findall(r"^\| `(\w+)` ", text, re.M)) == sorted(options)
        groups = [group for group in GROUPS if any(option.group == group for option in options.values())]
        assert re.findall(r"^### (.+)$", text, re.M) == groups
        widths = {len(cells(line)) for line in text.splitlines() if line.startswith("|")}
        assert widths == {7}


def test_angle_brackets_are_escaped():
    row = option_table([OPTIONS["lora_folder"]]).splitlines()[2]
    assert "&lt;lora:name:weight>" in row
    assert "<" not in reference()


def test_documentation_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m stylize.settings.reference"
