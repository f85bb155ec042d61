"""A memory macro that the user describes: its figures by hand, and every file that must be refused."""

from pathlib import Path

import pytest

from flow.prices.memory_macro import MemoryMacro, read_macro

EXAMPLE = Path(__file__).with_name("memory_macro_example.toml")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = EXAMPLE.read_text()
    assert text.count(old) == 1
    path = tmp_path / "macro.toml"
    path.write_text(text.replace(old, new))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        read_macro(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_figures_of_the_example() -> None:
    macro = read_macro(EXAMPLE)
    assert macro.area_um2(256, 32) == 2000 + 256 * 32 * 0.5
    assert macro.read_pj(32) == 1.0 + 32 / 16
    assert macro.write_pj(32) == 1.5 + 32 / 8
    assert macro.leakage_uw(256, 32) == pytest.approx(256 * 32 * 0.2e-3, rel=1e-12)  # 0.2 nW for each bit
    assert macro.access_time_ps == 800
    assert "replace them" in macro.source


def test_density_in_place_of_the_area_of_a_bit(tmp_path: Path) -> None:
    macro = read_macro(edited(tmp_path, "area_um2_per_bit = 0.5", "bits_per_um2 = 4"))
    assert macro.area_um2_per_bit == 0.25
    assert macro.area_um2(64, 8) == 2000 + 128


def test_the_ends_of_the_range_are_in_it() -> None:
    macro = read_macro(EXAMPLE)
    assert macro.area_um2(64, 8) < macro.area_um2(4096, 128)


@pytest.mark.parametrize(
    ("words", "width", "message"),
    [
        (63, 8, "words of macro example must be between 64 and 4096, not 63"),
        (4097, 8, "words of macro example must be between 64 and 4096, not 4097"),
        (64, 7, "width of macro example must be between 8 and 128, not 7"),
        (64, 129, "width of macro example must be between 8 and 128, not 129"),
    ],
)
def test_a_shape_out_of_range_has_no_figures(words: int, width: int, message: str) -> None:
    macro = read_macro(EXAMPLE)
    for figure in (macro.area_um2, macro.leakage_uw):
        with pytest.raises(ValueError) as caught:
            figure(words, width)
        assert str(caught.value) == message
    if "width" in message:
        for energy in (macro.read_pj, macro.write_pj):
            with pytest.raises(ValueError) as caught:
                energy(width)
            assert str(caught.value) == message


(SOURCE,) = (line for line in EXAMPLE.read_text().splitlines() if line.startswith("source = "))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (SOURCE, "", "it lacks source"),
        (SOURCE, 'source = " "', "source must say something, not be empty"),
        ("area_um2_per_bit = 0.5", "", "it lacks area_um2_per_bit"),
        ("area_um2_per_bit = 0.5", "area_um2_per_bit = 0", "area_um2_per_bit must be above 0, not 0"),
        ("area_um2_per_bit = 0.5", "area_um2_per_bit = 1\nbits_per_um2 = 1", "give area_um2_per_bit or bits_per_um2"),
        ("area_um2_per_bit = 0.5", "bits_per_um2 = 0", "bits_per_um2 must be a number above 0, not 0.0"),
        ("area_um2_per_bit = 0.5", "bits_per_um2 = inf", "bits_per_um2 must be a number above 0, not inf"),
        ("read_pj_fixed = 1.0", "read_pj = 1.0", "unknown key 'read_pj': did you mean 'read_pj_fixed'? allowed: "),
        ("read_pj_fixed = 1.0", "read_pj_fixed = -1.0", "read_pj_fixed must be a number of at least 0, not -1.0"),
        ("read_pj_fixed = 1.0", "read_pj_fixed = nan", "read_pj_fixed must be a number of at least 0, not nan"),
        ("read_pj_fixed = 1.0", "read_pj_fixed = true", "read_pj_fixed must be a number, not True"),
        ("read_pj_fixed = 1.0", 'read_pj_fixed = "1"', "read_pj_fixed must be a number, not '1'"),
        ("read_pj_fixed = 1.0", f"read_pj_fixed = 1{'0' * 400}", "read_pj_fixed is too large a number"),
        ("leakage_w_per_bit = 2e-10", "leakage_w_per_bit = inf", "leakage_w_per_bit must be a number of at least 0"),
        ("access_time_ps = 800", "access_time_ps = 0.0", "access_time_ps must be above 0, not 0"),
        ("min_words = 64", "min_words = 64.0", "min_words must be an integer, not 64.0"),
        ("min_words = 64", "min_words = 0", "min_words must be at least 1, not 0"),
        ("max_width = 128", "max_width = 7", "max_width must be between min_width = 8 and 1099511627776, not 7"),
        ("max_words = 4096", f"max_words = 1{'0' * 400}", "max_words must be between min_words = 64 and 1099511627776"),
        ('node = "45 nm"', "node = 45", "node must be text, not 45"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = edited(tmp_path, old, new)
    assert refusal(path).startswith(f"{path} is no memory macro: {message}")


def test_all_missing_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "macro.toml"
    path.write_text("")
    assert refusal(path) == f"{path} is no memory macro: it lacks {', '.join(MemoryMacro.__dataclass_fields__)}"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.toml") == f"cannot read {tmp_path / 'none.toml'}: No such file or directory"
    assert refusal(tmp_path) == f"cannot read {tmp_path}: Is a directory"
    for content in (b"name = ", b"\xff", b"a = " + b"[" * 100_000):
        (tmp_path / "macro.toml").write_bytes(content)
        assert refusal(tmp_path / "macro.toml").startswith(f"{tmp_path / 'macro.toml'} is not valid TOML: ")
