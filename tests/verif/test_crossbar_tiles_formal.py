"""Controllers of strategies B and C keep their promises in small configurations, and wrong ones are found out."""

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Cat, Const, Module, Value

from hdl.crossbar import CascadeController, CascadeParameters, NeuralPimController, NeuralPimParameters
from hdl.crossbar.cascade_properties import CascadeControllerProperties
from hdl.crossbar.interleaved_sar import InterleavedSar
from hdl.crossbar.interleaved_sar_properties import InterleavedSarProperties
from hdl.crossbar.neural_pim_properties import NeuralPimControllerProperties
from hdl.crossbar.properties_of_tiles import cascade_properties, neural_pim_properties
from hdl.property_set import PropertySet
from verif.properties import check_set

SMALL: dict[str, Any] = {"rows": 2, "input_bits": 2, "weight_bits": 1, "dac_bits": 1, "outputs": 1}


def failed(properties: PropertySet) -> set[str]:
    return {result.name for result in check_set(properties, "set", seconds=120) if result.passed is not True}


HOLDING: list[tuple[str, Callable[[], PropertySet]]] = [
    *neural_pim_properties(NeuralPimParameters()),
    *cascade_properties(CascadeParameters()),
]
SLOW: list[tuple[str, Callable[[], PropertySet]]] = [
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
