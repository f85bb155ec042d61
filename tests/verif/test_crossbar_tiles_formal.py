"""Controllers of strategies B and C keep their promises in small configurations, and wrong ones are found out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Cat, Const, Module, Value

from hdl.crossbar import BufferArray, CascadeController, CascadeParameters, NeuralPimController, NeuralPimParameters
from hdl.crossbar.buffer_array_properties import BufferArrayProperties
from hdl.crossbar.cascade_properties import CascadeControllerProperties
from hdl.crossbar.interleaved_sar import InterleavedSar
from hdl.crossbar.interleaved_sar_properties import InterleavedSarProperties
from hdl.crossbar.latency_properties import CascadeLatencyProperties, NeuralPimLatencyProperties
from hdl.crossbar.neural_pim_properties import NeuralPimControllerProperties
from hdl.crossbar.properties_of_tiles import cascade_properties, neural_pim_properties
from hdl.property_set import PropertySet
from verif.properties import check_set

SMALL: dict[str, Any] = {"rows": 2, "input_bits": 2, "weight_bits": 1, "dac_bits": 1, "outputs": 1}


def failed(properties: PropertySet) -> set[str]:
    return {result.name for result in check_set(properties, "set", seconds=120) if result.passed is not True}


Claim = tuple[str, Callable[[], PropertySet]]
STALLING: list[Claim] = [
    claim for claim in cascade_properties(CascadeParameters(allow_stalls=True)) if "that stalls" in claim[0]
]
HOLDING: list[Claim] = [
    *neural_pim_properties(NeuralPimParameters()),
    *cascade_properties(CascadeParameters()),
    STALLING[0],
]
SLOW: list[Claim] = [
    STALLING[1],
    *neural_pim_properties(NeuralPimParameters(dac_bits=1, signed_inputs=True)),
    *cascade_properties(CascadeParameters(double_buffer=False)),
    *neural_pim_properties(NeuralPimParameters(converter="sar")),
    *cascade_properties(CascadeParameters(weight_encoding="offset", signed_inputs=True)),
]


@pytest.mark.parametrize("build", [build for _, build in HOLDING], ids=[name for name, _ in HOLDING])
def test_promises_are_kept(build: Callable[[], PropertySet]) -> None:
    assert failed(build()) == set()


@pytest.mark.slow
@pytest.mark.parametrize("build", [build for _, build in SLOW], ids=[name for name, _ in SLOW])
def test_promises_of_other_configurations_are_kept(build: Callable[[], PropertySet]) -> None:
    assert failed(build()) == set()


class FeedsBackAtOnce(NeuralPimController):
    """The feedback hold follows in the same phase."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.comb += self.fb_strobe.eq(self.accum)
        return m


class NeverClears(CascadeController):
    """Its banks keep what they hold."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.comb += self.clear.eq(0)
        return m


class NeverWaits(CascadeController):
    """Drives a vector whether its bank is clear or not."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.comb += m.submodules.vectors.drive_allowed.eq(1)
        return m


class ClearsOneBank(BufferArray):
    """Bank 1 keeps what it holds."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = BufferArray(parameters=self.parameters)
        names = ("write", "offset", "bank", "read_bank", "read_column")
        m.d.comb += [getattr(inner, name).eq(getattr(self, name)) for name in names]
        m.d.comb += [inner.d.eq(self.d), inner.clear.eq(self.clear[0]), self.column.eq(inner.column)]
        return m


class Unclamped(InterleavedSar):
    """The smallest word keeps a code of its own."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        found: Value = Const(0, self.bits)
        for place in range(self.count):
            register = getattr(m.submodules, f"register_{place}")
            found = found | (register.code & register.done.replicate(self.bits))
        m.d.comb += self.code.eq(Cat(found[:-1], ~found[-1]))
        return m


def test_a_code_below_the_range_is_found_out() -> None:
    wrong = Unclamped(bits=2, signed_values=True)
    assert "the_code_is_that_of_the_sample" in failed(
        InterleavedSarProperties(bits=2, signed_values=True, component=wrong)
    )


def test_overlapping_strobes_are_found_out() -> None:
    p = NeuralPimParameters(**SMALL, slots_per_cycle=3)
    wrong = NeuralPimControllerProperties(parameters=p, component=FeedsBackAtOnce(parameters=p))
    assert "strobes_never_overlap" in failed(wrong)


def test_banks_that_are_not_cleared_are_found_out() -> None:
    fields = {"carry_columns": 0, "bitline_bits": None, "allow_stalls": True, "converter": "ideal"}
    p = CascadeParameters(**SMALL | fields, slots_per_cycle=2)
    wrong = CascadeControllerProperties(parameters=p, component=NeverClears(parameters=p))
    assert "only_clear_banks_are_filled" in failed(wrong)


STALLS: dict[str, Any] = SMALL | {"carry_columns": 0, "bitline_bits": None, "converter": "ideal", "slots_per_cycle": 2}
STALLS |= {"clear_cycles": 2, "allow_stalls": True}


@pytest.mark.slow
def test_a_vector_that_does_not_wait_is_found_out() -> None:
    p = CascadeParameters(**STALLS)
    wrong = NeverWaits(parameters=p)
    assert "only_clear_banks_are_filled" in failed(CascadeControllerProperties(parameters=p, component=wrong))


def test_results_that_come_late_are_found_out() -> None:
    p = CascadeParameters(**STALLS | {"clear_cycles": 1, "allow_stalls": False})
    late = CascadeController(parameters=replace(p, cascade_tail_cycles=3))
    assert "done_in_its_cycle" in failed(CascadeLatencyProperties(parameters=p, component=late))
    c = NeuralPimParameters(**SMALL, slots_per_cycle=3)
    two = NeuralPimController(parameters=replace(c, outputs=4))  # two array cycles of conversions
    assert "done_in_its_cycle" in failed(NeuralPimLatencyProperties(parameters=c, component=two))


@pytest.mark.slow
def test_results_of_vectors_that_stall_too_long_are_found_out() -> None:
    p = CascadeParameters(**STALLS)
    for tail, name in ((1, "not_done_before_its_cycle"), (3, "done_in_time")):
        wrong = CascadeController(parameters=replace(p, cascade_tail_cycles=tail))
        assert failed(CascadeLatencyProperties(parameters=p, component=wrong)) >= {name}


def test_cells_that_are_not_cleared_are_found_out() -> None:
    p = CascadeParameters(**STALLS)
    wrong = BufferArrayProperties(parameters=p, component=ClearsOneBank(parameters=p))
    assert "a_cleared_bank_reads_0_in_every_column" in failed(wrong)
