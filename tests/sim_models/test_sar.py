"""The plain converter against a search written step by step."""

import numpy as np
import pytest

from sim_models.sar import SarParameters, convert, trials


def searched(count: int, bits: int) -> tuple[int, list[int]]:
    """Code and words compared with, one comparison after the other."""
    code, compared = 0, []
    for place in range(bits - 1, -1, -1):
        trial = code | 1 << place
        compared.append(trial)
        if count >= trial:
            code = trial
    return code, compared


@pytest.mark.parametrize("bits", range(2, 17))
def test_every_count_gives_what_the_search_finds(bits: int) -> None:
    p = SarParameters(bits=bits)
    counts = np.arange(1 << bits) if bits <= 10 else np.random.default_rng(bits).integers(0, 1 << bits, 500)
    steps = [searched(int(count), bits) for count in counts]
    result = convert(counts, p)
    assert result.code.tolist() == [code for code, _ in steps]
    assert result.operations.tolist() == [len(compared) for _, compared in steps]
    assert trials(counts, p).tolist() == [compared for _, compared in steps]
    assert not result.clipped.any()


def test_clipped_counts_give_the_largest_code_and_are_marked() -> None:
    result = convert([[254, 255], [256, 400]], SarParameters(), clip=True)
    assert result.code.tolist() == [[254, 255], [255, 255]]
    assert result.clipped.tolist() == [[False, False], [True, True]]
    assert result.operations.tolist() == [[8, 8], [8, 8]]


@pytest.mark.parametrize(
    ("counts", "clip", "message"),
    [
        ([256], False, "counts must be at most 255, not 256"),
        ([-1], True, "counts must be at least 0, not -1"),
        ([0.5], False, "counts must be integers of at most 64 bits, not float64"),
    ],
)
def test_bad_counts_are_refused(counts: list[float], clip: bool, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        convert(counts, SarParameters(), clip=clip)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bits": 1}, "bits must be between 2 and 16, not 1"),
        ({"bits": 17}, "bits must be between 2 and 16, not 17"),
        ({"bits": "8"}, "bits must be an integer, not '8'"),
        ({"sample_cycles": 0}, "sample_cycles must be between 1 and 256, not 0"),
        ({"register": "gray"}, "register must be one of one_hot, in_code, not 'gray'"),
    ],
)
def test_bad_parameters_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        SarParameters(**fields)
    assert str(refused.value) == message


def test_latency_and_width_of_the_number_of_comparisons() -> None:
    assert [SarParameters(bits=bits).operations_width for bits in (2, 7, 8, 15, 16)] == [2, 3, 4, 4, 5]
    assert SarParameters(bits=8, sample_cycles=3).latency == 12
