"""Cocotb bench: the twin-range controller drives the golden converter, with what is not ideal in it, comparison by
comparison.

The converter sees every word on the DAC in every cycle of the search, so a DAC that settles late keeps its history, and
noise is drawn in the order in which the golden model draws it.
"""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from gen.testbench.streams import start_and_reset
from gen.vectors.sar_configurations import random_configurations
from sim_models.sar import (
    NonIdealSar,
    SarNonIdealities,
    TrqControllerParameters,
    TrqParameters,
    register_word,
)
from sim_models.sar.search import Walk, longest_search

PARAMETERS = TrqControllerParameters(bits=7, support_base=True, support_after_r1=True, support_skip=True)
CONFIGURATIONS = 6
RESULTS = ("code", "flag", "ops")
SEED = 2402


async def _convert(dut: Any, held: Any, configuration: TrqParameters) -> tuple[int, ...]:
    """One conversion of what a converter ``held``; returns code, flag and number of comparisons."""
    dut.registers.value = register_word(configuration, PARAMETERS)
    dut.start.value = 1
    await RisingEdge(dut.clk)
    dut.start.value = 0
    searched = 0
    while True:
        await FallingEdge(dut.clk)
        if dut.done.value:
            break
        if dut.busy.value and not dut.sample.value:
            answer = held.step(int(dut.dac.value))
            # A comparator that is off answers wrongly.
            dut.cmp.value = int(answer if dut.comparator_enable.value else not answer)
            searched += 1
        await RisingEdge(dut.clk)
    for _ in range(searched, longest_search(configuration)):
        held.step(0)  # the golden search goes on to the end of the longest
    result = tuple(int(getattr(dut, name).value) for name in RESULTS)
    await RisingEdge(dut.clk)
    return result


def _golden(held: Any, configuration: TrqParameters) -> tuple[int, ...]:
    walk = Walk((), configuration)
    operations = sum(int(cycle.compared) for cycle in walk.run(held.follow))
    return int(walk.code), int(not walk.in_r1), operations


async def _check(dut: Any, deviations: SarNonIdealities) -> int:
    """Every count by every configuration; returns how many codes an ideal converter would not have given."""
    dut.start.value = dut.cmp.value = 0
    await start_and_reset(dut)
    in_loop, alone = (NonIdealSar(PARAMETERS.bits, deviations) for _ in range(2))
    ideal = NonIdealSar(PARAMETERS.bits, SarNonIdealities())
    wrong = 0
    for configuration in random_configurations(PARAMETERS, CONFIGURATIONS, np.random.default_rng(SEED)):
        counts = np.arange(PARAMETERS.maximum + 1)
        table = alone.convert(counts, configuration)
        perfect = ideal.convert(counts, configuration)
        for count in counts:
            got = await _convert(dut, in_loop.sample(count), configuration)
            expected = _golden(alone.sample(count), configuration)
            assert got == expected, f"count {count}, {configuration}: expected {expected}, got {got}"
            if not deviations.comparator_noise:
                by_table = int(table.code[count]), int(not table.in_r1[count]), int(table.operations[count])
                assert got == by_table, f"count {count}, {configuration}: expected {by_table}, got {got}"
            wrong += got[0] != perfect.code[count]
    assert dut.overrun.value == 0
    return wrong


@cocotb.test()
async def an_ideal_converter(dut: Any) -> None:
    """Codes, ranges and comparisons are those of the quantizer."""
    assert await _check(dut, SarNonIdealities()) == 0


@cocotb.test()
async def mismatch_and_offset(dut: Any) -> None:
    """Thresholds are wrong, and wrong the same way in every comparison."""
    assert await _check(dut, SarNonIdealities(unit_capacitor_sigma=0.1, comparator_offset=0.7, seed=SEED)) > 0


@cocotb.test()
async def noise(dut: Any) -> None:
    """Comparisons contradict each other; the search ends as it must."""
    assert await _check(dut, SarNonIdealities(comparator_noise=1.5, seed=SEED)) > 0


@cocotb.test()
async def a_dac_that_settles_late(dut: Any) -> None:
    """A comparison depends on the words before it, those that were not compared included."""
    assert await _check(dut, SarNonIdealities(settling=2.0, gain_error=-0.02, seed=SEED)) > 0
