"""Parameters from key=value words and TOML files, and what is refused."""

from pathlib import Path

import pytest

from gen.configure import configure
from sim_models.asm import AsmParameters
from sim_models.nmpu import NmpuParameters
from sim_models.sar import AdcGroupParameters


def test_defaults_file_and_words_win_in_that_order(tmp_path: Path) -> None:
    config = tmp_path / "unit.toml"
    config.write_text('units = 8\npipeline_stages = 3\nvariant = "branch_round"\nsigned_input = true\n')
    parameters = configure(NmpuParameters, ["units=16", "signed_input=false"], config)
    assert parameters == NmpuParameters(units=16, pipeline_stages=3, variant="branch_round")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["colums_per_unit=4"],
            "unknown key 'colums_per_unit': did you mean 'columns_per_unit'? allowed: accumulator_",
        ),
        (["units"], "parameters are given as key=value, not 'units'"),
        (["units=many"], "units must be an integer, not 'many'"),
        (["units=4.0"], "units must be an integer, not '4.0'"),
        (["signed_input=maybe"], "signed_input must be true or false, not 'maybe'"),
        (["units=1", "units=2"], "units is given twice"),
        (["columns_per_unit=3"], "columns_per_unit must be a power of two between 1 and 64, not 3"),
        (["input_bits=17"], "input_bits must be between 1 and 16, not 17"),
        (["pre_cut_bits=7"], "pre_cut_bits must be between 0 and 6, not 7"),
    ],
)
def test_bad_words_are_refused_in_one_line(words: list[str], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        configure(NmpuParameters, words)
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("units = ", "is not valid TOML"),
        ("units = true", "units must be an integer, not True (in "),
        ("[nmpu]\nunits = 4", "unknown key 'nmpu'"),
        ('signed_input = "yes"', "signed_input must be true or false, not 'yes'"),
        (b"units = \xff\xfe", "is not valid TOML"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    config = tmp_path / "bad.toml"
    config.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError) as refusal:
        configure(NmpuParameters, [], config)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot read .*absent\.toml: No such file or directory"):
        configure(NmpuParameters, [], tmp_path / "absent.toml")


def test_none_is_a_word_where_it_is_a_value(tmp_path: Path) -> None:
    config = tmp_path / "group.toml"
    config.write_text("conversion_slots = 9\n")
    assert configure(AdcGroupParameters, [], config).conversion_slots == 9
    assert configure(AdcGroupParameters, ["conversion_slots=None"], config).conversion_slots is None
    config.write_text('conversion_slots = "none"\n')
    assert configure(AdcGroupParameters, [], config).conversion_slots is None
    assert configure(AdcGroupParameters, ["conversion_slots=11"], config).conversion_slots == 11


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns=none", "columns must be an integer, not 'none'"),
        ("conversion_slots=", "conversion_slots must be an integer or none, not ''"),
        ("conversion_slots=many", "conversion_slots must be an integer or none, not 'many'"),
        ("conversion_slots=19", "conversion_slots must be between 2 and 18, not 19"),
        ("rate=none", "rate must be one of fixed, variable, not 'none'"),
    ],
)
def test_none_and_others_are_refused_where_they_are_no_value(text: str, message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        configure(AdcGroupParameters, [text])
    assert str(refusal.value) == message


def test_a_file_may_say_none_only_where_it_is_a_value(tmp_path: Path) -> None:
    config = tmp_path / "group.toml"
    for text, message in (
        ('columns = "none"', "columns must be an integer, not 'none' (in "),
        ("conversion_slots = true", "conversion_slots must be an integer or none, not True (in "),
    ):
        config.write_text(text)
        with pytest.raises(ValueError) as refusal:
            configure(AdcGroupParameters, [], config)
        assert str(refusal.value).startswith(message)


def test_several_integers(tmp_path: Path) -> None:
    config = tmp_path / "mac.toml"
    config.write_text("alphabets = [3, 1, 5]\n")
    assert configure(AsmParameters, [], config).alphabets == (1, 3, 5)
    assert configure(AsmParameters, ["alphabets=1+3"], config).alphabets == (1, 3)
    assert configure(AsmParameters, ["alphabets=1"]).alphabets == (1,)


@pytest.mark.parametrize("word", ["1,3", "1+", "", "one"])
def test_words_that_are_no_integers(word: str) -> None:
    with pytest.raises(ValueError) as refusal:
        configure(AsmParameters, [f"alphabets={word}"])
    message = f"alphabets must be integers (joined by + in a word, a list in a file), not {word!r}"
    assert str(refusal.value) == message


@pytest.mark.parametrize("text", ["alphabets = 1", 'alphabets = "1+3"', "alphabets = [1, 3.0]", "alphabets = [true]"])
def test_files_without_a_list_of_integers(tmp_path: Path, text: str) -> None:
    config = tmp_path / "mac.toml"
    config.write_text(text)
    with pytest.raises(ValueError) as refusal:
        configure(AsmParameters, [], config)
    assert str(refusal.value).startswith("alphabets must be integers (joined by + in a word, a list in a file), not ")
