"""The accelerator of the in-SRAM multiplier keeps its promises for all inputs; wrong ones are found out."""

from collections.abc import Callable
from typing import Any

import pytest

from hdl.daism.accelerator import Daism
from hdl.daism.accelerator_properties import (
    DaismProperties,
    KeptWindowProperties,
    LoopNestProperties,
    accelerator_properties,
    proof_layers,
    small_parameters,
)
from hdl.daism.address_walks import AddressWalks
from hdl.daism.im2col import WindowAddress
from hdl.daism.place_walk import PlaceWalk
from hdl.daism.position_walk import PositionWalk
from hdl.daism.walk_properties import PlaceWalkProperties, PositionWalkProperties, WindowAddressProperties
from hdl.property_set import PropertySet
from sim_models.daism.accelerator import AcceleratorParameters, matrix_shape
from verif.properties import check_set

SMALL = small_parameters(AcceleratorParameters())
LAYERS = [matrix_shape(2, 1, 1, slicing="index")]
PLAIN = proof_layers(SMALL)[-1:]
PADDED = [shape for shape in proof_layers(SMALL) if shape.padding]
NAMES = [name for name, _ in accelerator_properties(AcceleratorParameters())]
QUICK: dict[str, Callable[[], PropertySet]] = {
    "loop nest": lambda: LoopNestProperties(parameters=SMALL, layers=PLAIN),
    "place walk": lambda: PlaceWalkProperties(
        parameters=SMALL, layers=PADDED, component=PlaceWalk(parameters=SMALL, unit=True)
    ),
    "position walk": lambda: PositionWalkProperties(parameters=SMALL, layers=PADDED),
    "window address": lambda: WindowAddressProperties(parameters=SMALL, layers=PADDED),
}


def require_proofs(properties: PropertySet, name: str) -> None:
    results = check_set(properties, name)
    assert [f"{result.name}: {result.detail}" for result in results if not result.passed] == []
    assert len(results) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_accelerator_keeps_its_properties(name: str) -> None:
    require_proofs(dict(accelerator_properties(AcceleratorParameters()))[name](), name)


@pytest.mark.parametrize("name", QUICK)
def test_one_layer_keeps_the_properties(name: str) -> None:
    require_proofs(QUICK[name](), name)


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


class Stale(AddressWalks):
    """Has a window of its own in every place but the first."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        with m.If(self.beat.group != 0):
            m.d.comb += self.beat.window.base.eq(0)
        return m


class Astray(PlaceWalk):
    """Moves on by one address, wherever the next index lies."""

    def _follow(self, m: Any, following: Any) -> None:
        super()._follow(m, following)
        m.d.comb += following.offset.eq(self.place.offset + 1)


class Unpadded(PositionWalk):
    """Begins at the first operand, as if there were no padding before it."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        with m.If(self.begin):
            m.d.sync += self.window.base.eq(0)
        return m


class Boundless(WindowAddress):
    """Reads beyond the image."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        m.d.comb += self.inside.eq(1)
        return m


WRONG: dict[str, Callable[[], PropertySet]] = {
    "loads_and_beats_take_turns": lambda: LoopNestProperties(
        parameters=SMALL, layers=PLAIN, component=Hasty(parameters=SMALL)
    ),
    "results_come_once_and_in_order": lambda: DaismProperties(
        parameters=SMALL, layers=LAYERS, component=Forgetful(parameters=SMALL)
    ),
    "windows_are_kept": lambda: KeptWindowProperties(
        parameters=SMALL, layers=PADDED, component=Stale(parameters=SMALL)
    ),
    "place_is_an_index_of_the_layer": lambda: PlaceWalkProperties(
        parameters=SMALL, layers=PADDED, component=Astray(parameters=SMALL, unit=False)
    ),
    "window_is_one_of_its_image": lambda: PositionWalkProperties(
        parameters=SMALL, layers=PADDED, component=Unpadded(parameters=SMALL)
    ),
    "address_within_the_layer": lambda: WindowAddressProperties(
        parameters=SMALL, layers=PADDED, component=Boundless(parameters=SMALL)
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "results_come_once_and_in_order")) for name in WRONG],
)
def test_a_wrong_design_breaks_the_property(name: str) -> None:
    failed = [result.name for result in check_set(WRONG[name](), name, seconds=60) if result.passed is False]
    assert name in failed
