"""The accelerator of the in-SRAM multiplier keeps its promises for all inputs; wrong ones are found out."""

from collections.abc import Callable
from typing import Any

import pytest

from hdl.daism.accelerator import Daism
from hdl.daism.accelerator_properties import (
    DaismProperties,
    LoopNestProperties,
    accelerator_properties,
    small_parameters,
)
from hdl.daism.address_walks import AddressWalks
from hdl.property_set import PropertySet
from sim_models.daism.accelerator import AcceleratorParameters, matrix_shape
from verif.properties import check_set

SMALL = small_parameters(AcceleratorParameters())
LAYERS = [matrix_shape(2, 1, 1, slicing="index")]
NAMES = [name for name, _ in accelerator_properties(AcceleratorParameters())]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * ("Daism" in name)) for name in NAMES])
def test_the_accelerator_keeps_its_properties(name: str) -> None:
    build = dict(accelerator_properties(AcceleratorParameters()))[name]
    results = check_set(build(), name)
    assert [f"{result.name}: {result.detail}" for result in results if not result.passed] == []
    assert len(results) >= 4


class Hasty(AddressWalks):
    """Drives in the cycle of a load."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        m.d.comb += self.loads.eq(self.weight_valid)
        return m


class Forgetful(Daism):
    """Does not count the results that leave."""

    def _drain(self, m: Any, nest: Any, drain: Any, units: Any) -> None:
        super()._drain(m, nest, drain, units)
        m.d.comb += self.result_out.payload.position.eq(0)


WRONG: dict[str, Callable[[], PropertySet]] = {
    "loads_and_beats_take_turns": lambda: LoopNestProperties(
        parameters=SMALL, layers=LAYERS, component=Hasty(parameters=SMALL)
    ),
    "results_come_once_and_in_order": lambda: DaismProperties(
        parameters=SMALL, layers=LAYERS, component=Forgetful(parameters=SMALL)
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_design_breaks_the_property(name: str) -> None:
    failed = [result.name for result in check_set(WRONG[name](), name, seconds=60) if result.passed is False]
    assert name in failed
