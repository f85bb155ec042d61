"""Bad input of the converters: refused by ValueError, on one line that names the parameter and what it was."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from sim_models.sar import SarParameters, TrqControllerParameters, TrqParameters, convert, reconstruct, trials
from sim_models.sar.bit_serial import product
from sim_models.sar.bulk import convert_bulk
from sim_models.sar.calibrate import calibrate
from sim_models.sar.clipped import best_clipped, equal_operations
from sim_models.sar.clipped_parameters import ClippedParameters
from sim_models.sar.coding import decode_aligned, decode_packed
from sim_models.sar.dac import differential_switching, energy_of_words, monotonic_switching, transition_energy
from sim_models.sar.energy import EnergyModel, mean_energy
from sim_models.sar.metrics import csnr_db, mean_operations, nmse
from sim_models.sar.search import search
from sim_models.sar.shift_add import ShiftAddParameters, shift_add

TRQ = TrqParameters()
UNIFORM = [1] * 256


def assert_refused(call: Callable[[], object], *parts: str) -> None:
    """``call`` raises ValueError with one line that holds each of ``parts``."""
    with pytest.raises(ValueError) as refused:
        call()
    message = str(refused.value)
    assert message
    assert "\n" not in message
    for part in parts:
        assert part in message, f"{part!r} is not in {message!r}"


INTEGER_FIELDS = ("bits", "r1_start", "r1_step_log2", "r1_bits", "ratio_log2", "conversion_slots")


@pytest.mark.parametrize("name", INTEGER_FIELDS)
@pytest.mark.parametrize("value", [-1, 1.0, 2.5, "4", True, math.nan, [3], np.float64(3)], ids=repr)
def test_fields_of_a_configuration_are_integers_from_0(name: str, value: object) -> None:
    assert_refused(lambda: TrqParameters(**{name: value}), name, repr(value))


@pytest.mark.parametrize("name", ["mid_rise", "skip_known_trial"])
@pytest.mark.parametrize("value", [0, 1, "yes", None], ids=repr)
def test_switches_of_a_configuration_are_booleans(name: str, value: object) -> None:
    assert_refused(lambda: TrqParameters(**{name: value}), name, repr(value))


@pytest.mark.parametrize("bits", [-8, 0, 1, 17, 64])
@pytest.mark.parametrize("kind", [SarParameters, TrqParameters, TrqControllerParameters])
def test_resolutions_are_2_to_16_bits(kind: type, bits: int) -> None:
    assert_refused(lambda: kind(bits=bits), "bits", "2", "16", str(bits))


@pytest.mark.parametrize("bits", range(2, 17))
def test_r1_of_full_scale_is_refused(bits: int) -> None:
    """Its end is no word of the DAC."""
    for step in range(bits + 1):
        fields = {"bits": bits, "r1_step_log2": step, "r1_bits": bits - step, "ratio_log2": 0}
        assert_refused(lambda fields=fields: TrqParameters(**fields), "r1_bits", str(bits - 1), str(bits))


@pytest.mark.parametrize("bits", range(2, 17))
def test_a_step_that_leaves_r2_no_bit_is_refused(bits: int) -> None:
    for step in range(bits):
        fields = {"bits": bits, "r1_step_log2": step, "r1_bits": 0, "ratio_log2": bits - step}
        assert_refused(lambda fields=fields: TrqParameters(**fields), "ratio_log2", str(bits - step))
        assert TrqParameters(**{**fields, "ratio_log2": bits - step - 1}).r2_bits >= 1


@pytest.mark.parametrize("bits", range(2, 11))
def test_r1_away_from_0_ends_at_the_highest_word_at_the_latest(bits: int) -> None:
    for r1_bits in range(bits):
        highest = 2**bits - 1 - 2**r1_bits
        fields = {"bits": bits, "r1_bits": r1_bits, "ratio_log2": 0}
        if highest >= 1:
            assert TrqParameters(r1_start=highest, **fields).r1_end == 2**bits - 1
        start = max(highest + 1, 1)
        assert_refused(
            lambda fields=fields, start=start: TrqParameters(r1_start=start, **fields), "r1_start", str(start)
        )


@pytest.mark.parametrize("origin", ["one", "", "ZERO", None, 0])
def test_unknown_origins_are_refused(origin: object) -> None:
    assert_refused(lambda: TrqParameters(r2_origin=origin), "r2_origin", "zero", "after_r1", repr(origin))


def test_options_that_need_r1_at_0_are_refused_elsewhere() -> None:
    for option in ({"r2_origin": "after_r1"}, {"skip_known_trial": True}):
        assert_refused(lambda option=option: TrqParameters(r1_start=32, **option), "r1_start", "32")
    assert_refused(lambda: TrqParameters(r2_origin="after_r1", skip_known_trial=True), "skip_known_trial")


@pytest.mark.parametrize(
    ("fields", "worst"),
    [
        ({}, 6),
        ({"ratio_log2": 0}, 9),
        ({"ratio_log2": 0, "r1_start": 16}, 10),
        ({"r1_bits": 7, "ratio_log2": 7}, 8),
        ({"r1_bits": 0, "r1_step_log2": 2, "ratio_log2": 5}, 2),
    ],
)
def test_slots_hold_the_longest_search(fields: dict[str, int], worst: int) -> None:
    assert TrqParameters(conversion_slots=worst, **fields).slots == worst
    assert_refused(
        lambda: TrqParameters(conversion_slots=worst - 1, **fields), "conversion_slots", str(worst), str(worst - 1)
    )


def test_8_slots_exclude_an_exact_r2_of_8_bits() -> None:
    assert_refused(lambda: TrqParameters(ratio_log2=0, conversion_slots=8), "conversion_slots", "9", "8")


CONVERTERS = [SarParameters(), TRQ, ClippedParameters(kept_bits=4, step_log2=2)]


@pytest.mark.parametrize("p", CONVERTERS, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("function", [convert, reconstruct, search], ids=lambda function: function.__name__)
@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize(
    ("counts", "parts"),
    [
        ([-1], ("-1",)),
        ([0, 255, -(2**40)], (str(-(2**40)),)),
        ([1.0], ("float64",)),
        ([True], ("bool",)),
        (["3"], ()),
        ([None], ()),
        ([2**64], ()),
        (np.array([1 + 2j]), ("complex128",)),
    ],
    ids=str,
)
def test_counts_are_integers_from_0(
    function: Callable[..., object], p: object, clip: bool, counts: object, parts: tuple[str, ...]
) -> None:
    assert_refused(lambda: function(counts, p, clip=clip), "counts", *parts)


@pytest.mark.parametrize("p", CONVERTERS, ids=lambda p: type(p).__name__)
@pytest.mark.parametrize("function", [convert, reconstruct, search], ids=lambda function: function.__name__)
@pytest.mark.parametrize("count", [256, 2**31, 2**62])
def test_counts_above_full_scale_are_refused_unless_clipped(
    function: Callable[..., object], p: object, count: int
) -> None:
    assert_refused(lambda: function([0, count], p), "counts", "255", str(count))
    function([0, count], p, clip=True)


@pytest.mark.parametrize("counts", [[[1], [2, 300]], [[256]], [[-1]]])
def test_trials_refuse_the_same_counts(counts: list[list[int]]) -> None:
    with pytest.raises(ValueError):
        trials(counts, SarParameters())


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"kept_bits": 0, "step_log2": 0}, ("kept_bits", "0")),
        ({"kept_bits": 9, "step_log2": 0}, ("kept_bits", "9")),
        ({"kept_bits": 8, "step_log2": 1}, ("step_log2", "1")),
        ({"kept_bits": 4, "step_log2": -1}, ("step_log2", "-1")),
        ({"kept_bits": 4, "step_log2": 0, "start": 241}, ("start", "240", "241")),
        ({"kept_bits": 4, "step_log2": 0, "start": -1}, ("start", "-1")),
        ({"kept_bits": 4.0, "step_log2": 0}, ("kept_bits", "4.0")),
        ({"kept_bits": 4, "step_log2": 0, "mid_rise": 1}, ("mid_rise", "1")),
        ({"bits": 17, "kept_bits": 4, "step_log2": 0}, ("bits", "17")),
    ],
    ids=str,
)
def test_windows_outside_the_converter_are_refused(fields: dict[str, object], parts: tuple[str, ...]) -> None:
    assert_refused(lambda: ClippedParameters(**fields), *parts)


HISTOGRAMS = {
    "empty": ([], "histogram"),
    "short": ([1] * 255, "255"),
    "long": ([1] * 257, "257"),
    "all zero": ([0] * 256, "histogram"),
    "negative": ([5] * 255 + [-1], "-1"),
    "nan": ([1.0] * 255 + [math.nan], "histogram"),
    "infinite": ([1.0] * 255 + [math.inf], "histogram"),
    "text": (["1"] * 256, "histogram"),
}
USES: dict[str, Callable[[object], object]] = {
    "nmse": lambda histogram: nmse(histogram, TRQ),
    "mean_operations": lambda histogram: mean_operations(histogram, TRQ),
    "best_clipped": lambda histogram: best_clipped(histogram, 8, 4),
    "equal_operations": lambda histogram: equal_operations(histogram, 8, 4.5),
    "mean_energy": lambda histogram: mean_energy(histogram, TRQ),
    "calibrate": lambda histogram: calibrate(histogram, max_nmse=0.1),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", HISTOGRAMS)
def test_bad_histograms_are_refused(use: str, kind: str) -> None:
    histogram, part = HISTOGRAMS[kind]
    assert_refused(lambda: USES[use](histogram), "histogram", part)


@pytest.mark.parametrize(
    ("limits", "parts"),
    [
        ({}, ("max_nmse", "max_operations")),
        ({"max_nmse": 0.1, "max_operations": 5.0}, ("max_nmse", "max_operations")),
        ({"max_nmse": -1e-9}, ("max_nmse", "-1e-09")),
        ({"max_nmse": math.nan}, ("max_nmse", "nan")),
        ({"max_nmse": "0.1"}, ("max_nmse",)),
        ({"max_operations": 0.5}, ("max_operations", "0.5")),
        ({"max_operations": math.nan}, ("max_operations", "nan")),
        ({"max_operations": -3}, ("max_operations", "-3")),
        ({"max_nmse": 0.1, "bits": 9}, ("histogram", "512", "256")),
        ({"max_nmse": 0.1, "bits": 1}, ("bits", "1")),
        ({"max_nmse": 0.1, "r2_origin": "nowhere"}, ("r2_origin", "nowhere")),
        ({"max_nmse": 0.1, "r1_step_log2_max": -1}, ("r1_step_log2_max", "-1")),
    ],
    ids=str,
)
def test_bad_limits_of_a_calibration_are_refused(limits: dict[str, object], parts: tuple[str, ...]) -> None:
    assert_refused(lambda: calibrate(UNIFORM, **limits), *parts)


def test_a_limit_that_no_candidate_reaches_is_refused() -> None:
    assert_refused(lambda: calibrate(UNIFORM, max_operations=1.25), "max_operations", "1.25")


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("word", [-1, 64, 2**40])
def test_packed_words_that_are_too_wide_are_refused(word: int, strict: bool) -> None:
    assert_refused(lambda: decode_packed([0, word], TRQ, strict=strict), "words", str(word))


@pytest.mark.parametrize(
    ("code", "flag"),
    [([256], [0]), ([-1], [0]), ([0], [2]), ([0], [-1]), ([0.5], [0]), ([0], [0.5]), ([0, 1], [0, 1, 1])],
)
def test_aligned_codes_and_flags_have_their_ranges(code: list[float], flag: list[float]) -> None:
    assert_refused(lambda: decode_aligned(code, flag, TRQ))


@pytest.mark.parametrize(("code", "flag"), [(16, 0), (255, 0), (1, 1), (7, 1), (12, 1), (0, 1), (8, 1)], ids=str)
def test_codes_that_no_conversion_gives_are_refused_when_strict(code: int, flag: int) -> None:
    assert_refused(lambda: decode_aligned([code], [flag], TRQ, strict=True), str(code))


@pytest.mark.parametrize(
    ("exact", "measured"), [([], []), ([1, 2], [1]), ([1, math.nan], [1, 2]), ([1, 2], [1, math.inf])], ids=str
)
def test_signals_are_finite_and_of_one_shape(exact: list[float], measured: list[float]) -> None:
    assert_refused(lambda: csnr_db(exact, measured))


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        *[({"cell_bits": value}, ("cell_bits", "1", "2", repr(value))) for value in (0, 3, 4)],
        ({"cell_bits": True}, ("cell_bits", "True")),
        *[({"encoding": value}, ("encoding", "differential", "offset", repr(value))) for value in ("twos", "", None)],
        ({"slices": 0}, ("slices", "0")),
        ({"input_bits": 0}, ("input_bits", "0")),
        ({"bits": 0}, ("bits", "0")),
        ({"slices": 1.5}, ("slices", "1.5")),
        ({"signed_inputs": 1}, ("signed_inputs", "1")),
    ],
    ids=str,
)
def test_bad_parameters_of_shift_and_add_are_refused(fields: dict[str, object], parts: tuple[str, ...]) -> None:
    assert_refused(lambda: ShiftAddParameters(**fields), *parts)


PLANES = np.zeros((8, 8), dtype=np.int64)


@pytest.mark.parametrize(
    ("values", "initial", "parts"),
    [
        (PLANES + 256, 0, ("values", "255", "256")),
        (PLANES - 1, 0, ("values", "0", "-1")),
        (PLANES + 0.5, 0, ("values", "float64")),
        (PLANES[:7], 0, ("values", "(7, 8)")),
        (PLANES[0], 0, ("values", "(8,)")),
        (PLANES, 0.5, ("initial", "float64")),
        (PLANES, 2**24, ("25", str(2**24))),
        (np.stack([PLANES] * 3), [1, 2], ("initial", "(2,)")),
    ],
    ids=["high", "negative", "fraction", "planes", "axes", "initial", "wrap", "initial's shape"],
)
def test_values_that_are_not_to_be_added_up_are_refused(
    values: np.ndarray, initial: object, parts: tuple[str, ...]
) -> None:
    assert_refused(lambda: shift_add(values, ShiftAddParameters(), initial=initial), *parts)


@pytest.mark.parametrize(
    ("inputs", "weights", "option", "parts"),
    [
        ([256, 0], [[1], [1]], {}, ("inputs", "255", "256")),
        ([-1, 0], [[1], [1]], {}, ("inputs", "-1")),
        ([128, 0], [[1], [1]], {"signed_inputs": True}, ("inputs", "127", "128")),
        ([0.5, 0], [[1], [1]], {}, ("inputs", "float64")),
        ([1, 0, 1], [[1], [1]], {}, ("inputs", "2", "3")),
        ([1, 0], [[256], [1]], {}, ("weights", "255", "256")),
        ([1, 0], [[-256], [1]], {}, ("weights", "-255", "-256")),
        ([1, 0], [[128], [1]], {"encoding": "offset"}, ("weights", "127", "128")),
        ([1, 0], [1, 1], {}, ("weights",)),
        ([], np.zeros((0, 2), dtype=np.int64), {}, ("row",)),
    ],
    ids=str,
)
def test_operands_that_cells_or_planes_do_not_hold_are_refused(
    inputs: list[float], weights: object, option: dict[str, object], parts: tuple[str, ...]
) -> None:
    assert_refused(lambda: product(inputs, weights, ShiftAddParameters(**option), SarParameters()), *parts)


def test_a_converter_of_other_bits_than_the_values_is_refused() -> None:
    assert_refused(lambda: product([1], [[1]], ShiftAddParameters(), TrqParameters(bits=9)), "bits", "8", "9")


@pytest.mark.parametrize("name", ["operation_pj", "conversion_pj", "dac_fraction", "sample_pj"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "1", None], ids=repr)
def test_energies_are_finite_and_not_negative(name: str, value: object) -> None:
    assert_refused(lambda: EnergyModel(**{name: value}), name, repr(value))


def test_the_dac_has_no_more_than_all_energy() -> None:
    assert_refused(lambda: EnergyModel(dac_fraction=1.01), "dac_fraction", "1.01")


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (lambda: transition_energy(256, 0, 8), ("before", "255", "256")),
        (lambda: transition_energy(0, -1, 8), ("after", "-1")),
        (lambda: transition_energy(0, 0.5, 8), ("after", "float64")),
        (lambda: transition_energy(0, 1, 17), ("bits", "17")),
        (lambda: energy_of_words([0, 256], 8), ("255", "256")),
        (lambda: energy_of_words(3, 8), ("words",)),
        (lambda: energy_of_words([3, 4], 8, [True]), ("enabled",)),
        (lambda: energy_of_words([3, 4], 8, [1, 0]), ("enabled",)),
        (lambda: monotonic_switching(1), ("bits", "1")),
        (lambda: differential_switching(17), ("bits", "17")),
        (lambda: equal_operations(UNIFORM, 8, 0.5), ("operations", "1", "0.5")),
        (lambda: equal_operations(UNIFORM, 8, math.nan), ("operations", "nan")),
        (lambda: best_clipped(UNIFORM, 8, 0), ("kept_bits", "8", "0")),
        (lambda: best_clipped(UNIFORM, 8, 9), ("kept_bits", "8", "9")),
        (lambda: best_clipped(UNIFORM, 17, 9), ("bits", "17")),
        (lambda: convert_bulk(np.array([256], dtype=np.uint16), TRQ), ("counts", "255", "256")),
        (lambda: convert_bulk(np.array([-1]), TRQ, clip=True), ("counts", "-1")),
        (lambda: convert_bulk(np.array([0.5]), TRQ), ("counts", "float64")),
        (lambda: convert_bulk(np.array([1], dtype=np.uint8), TRQ, threads=0), ("threads", "0")),
    ],
)
def test_bad_arguments_are_refused(call: Callable[[], object], parts: tuple[str, ...]) -> None:
    assert_refused(call, *parts)
