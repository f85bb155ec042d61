"""The twin-range controller: every count by every configuration, all outputs in all cycles; and its registers."""

import itertools
from typing import Any

import numpy as np
import pytest

from gen.rtl import elaborate
from hdl.sar import TrqController, configuration_layout
from hdl.sar.legality import RegisterLegality
from sim_models.sar import (
    TrqControllerParameters,
    TrqParameters,
    candidates,
    register_fields,
    register_values,
    register_word,
)
from verif import sar_twin_range
from verif.batch import simulate
from verif.sar_twin_range_conversions import conversions, legal_configurations

SEED = 2402
OPTIONS = ("support_base", "support_after_r1", "support_skip")
EVERY_OPTION = dict.fromkeys(OPTIONS, True)


def check(parameters: TrqControllerParameters, configurations: list[TrqParameters], counts: int | None = None) -> int:
    """Every count, or some, by each configuration, in random order; returns the number of conversions."""
    rtl = elaborate(TrqController(parameters=parameters), "sar_twin_range")
    random = np.random.default_rng(SEED)
    every = 1 << parameters.bits
    which = np.repeat(np.arange(len(configurations)), counts or every)
    inputs = random.integers(0, every, len(which)) if counts else np.tile(np.arange(every), len(configurations))
    order = random.permutation(len(which))
    converted = conversions(parameters, configurations, which[order], inputs[order])
    for schedule in (sar_twin_range.full_rate(converted), sar_twin_range.disturbed(converted, SEED)):
        got = sar_twin_range.run(rtl, converted, schedule, SEED)
        expected = sar_twin_range.expected(converted, schedule)
        assert got.keys() == expected.keys()
        for name, values in expected.items():
            assert np.array_equal(got[name], values), name
    assert schedule.reset.any()
    assert expected["overrun"].any()
    return len(which)


def test_every_count_by_every_configuration_from_0_at_8_bits() -> None:
    parameters = TrqControllerParameters()
    configurations = legal_configurations(parameters)
    # 149 of them have steps of R1 of 1, 2 or 4.
    assert sum(each.r1_step_log2 <= 2 for each in configurations) == 149
    assert check(parameters, configurations) == 256 * len(configurations)


@pytest.mark.parametrize("option", ["support_after_r1", "support_skip"])
def test_every_count_with_an_option_at_8_bits(option: str) -> None:
    parameters = TrqControllerParameters(sample_cycles=2, **{option: True})
    check(parameters, legal_configurations(parameters))


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_everything_at_few_bits(bits: int) -> None:
    parameters = TrqControllerParameters(bits=bits, **EVERY_OPTION)
    starts = range(1 << bits)
    check(parameters, [c for b in starts for c in legal_configurations(parameters, r1_start=b)])


def searched(bits: int = 8) -> list[TrqParameters]:
    """What a calibration chooses from."""
    found = candidates(bits)
    return [found.parameters(index) for index in range(len(found))]


def test_some_counts_by_candidates_of_calibration() -> None:
    chosen = searched()[::10]
    assert sum(each.r1_start > 0 for each in chosen) > 1000
    check(TrqControllerParameters(support_base=True), chosen, counts=40)


@pytest.mark.slow
def test_every_count_by_every_candidate_of_calibration() -> None:
    assert check(TrqControllerParameters(support_base=True), searched()) == 256 * 10_890


@pytest.mark.slow
def test_every_count_by_every_start_at_8_bits() -> None:
    parameters = TrqControllerParameters(support_base=True)
    for start in range(1, 255):
        check(parameters, legal_configurations(parameters, r1_start=start))


@pytest.mark.parametrize(("bits", "fields"), [(5, {}), (12, EVERY_OPTION), (16, EVERY_OPTION), (16, {})])
def test_other_resolutions(bits: int, fields: dict[str, Any]) -> None:
    parameters = TrqControllerParameters(bits=bits, **fields)
    random = np.random.default_rng(SEED)
    configurations = legal_configurations(parameters)
    starts = random.integers(1, parameters.maximum, 20) if parameters.support_base else []
    for start in starts:
        configurations += legal_configurations(parameters, r1_start=int(start))[::10]
    check(parameters, configurations, counts=20)


def all_words(parameters: TrqControllerParameters) -> set[int]:
    starts = range(1 << parameters.bits if parameters.support_base else 1)
    configurations = [c for b in starts for c in legal_configurations(parameters, r1_start=b)]
    words = {register_word(each, parameters) for each in configurations}
    place = list(register_fields(parameters)).index("mid_rise")
    mid_rise = 1 << sum(list(register_fields(parameters).values())[:place])
    return {word ^ flip for word in words for flip in (0, mid_rise)}


@pytest.mark.parametrize("supported", list(itertools.product((False, True), repeat=3)), ids=str)
def test_legal_registers_are_those_of_the_configurations(supported: tuple[bool, ...]) -> None:
    """All words of controllers with few registers; else the legal ones and those that differ in a bit or two."""
    parameters = TrqControllerParameters(bits=3, **dict(zip(OPTIONS, supported, strict=True)))
    width = sum(register_fields(parameters).values())
    legal = all_words(parameters)
    if width <= 20:
        words = np.arange(1 << width)
    else:
        flips = [0, *(1 << a | 1 << b for a in range(width) for b in range(a, width))]
        words = np.array(sorted({word ^ flip for word in legal for flip in flips}))
    rtl = elaborate(RegisterLegality(parameters=parameters), "legality")
    got = simulate(rtl, {"registers": words})["legal"]
    assert set(words[got == 1].tolist()) == legal


def test_registers_of_a_worked_example() -> None:
    parameters = TrqControllerParameters(**EVERY_OPTION)
    configuration = TrqParameters(r1_bits=4, ratio_log2=5, r2_origin="after_r1")
    values = register_values(configuration, parameters)
    assert values == {
        "r1_size": 16, "stop1": 1, "stop2": 32, "mid_rise": 1, "operations_r1": 5, "operations_r2": 4,
        "base": 0, "has_base": 0, "after_r1": 1, "start2": 128, "r2_single": 0, "skip_known_trial": 0,
        "operations_r2_detour": 3,
    }  # fmt: skip
    word, layout = register_word(configuration, parameters), configuration_layout(parameters)
    for name, field in layout:
        assert word >> field.offset & (1 << field.width) - 1 == values[name]


def test_registers_refuse_what_the_controller_is_not_built_for() -> None:
    with pytest.raises(ValueError, match="support_base must be True"):
        register_word(TrqParameters(r1_start=8), TrqControllerParameters())
    with pytest.raises(ValueError, match="bits must be 6"):
        register_values(TrqParameters(), TrqControllerParameters(bits=6))
    for function in (register_fields, configuration_layout):
        with pytest.raises(ValueError, match="must be a TrqControllerParameters, not 8"):
            function(8)  # type: ignore[arg-type]  # that it is none is the point
