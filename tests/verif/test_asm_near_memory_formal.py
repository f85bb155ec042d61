"""The near-memory unit keeps its promises for all inputs; wrong ones are found out."""

from collections.abc import Callable
from typing import Any

import pytest

from hdl.asm.controller import NearMemoryController
from hdl.asm.loader import Loader
from hdl.asm.near_memory import AsmNearMemory
from hdl.asm.near_memory_properties import (
    LoaderProperties,
    NearMemoryControllerProperties,
    NearMemoryProperties,
    exact_near_memory_properties,
    near_memory_properties,
    proof_layers,
    small_parameters,
)
from hdl.asm.requantize import RoundToInput
from hdl.asm.requantize_properties import RoundToInputProperties
from hdl.property_set import PropertySet
from sim_models.asm.near_memory import NearMemoryParameters
from sim_models.daism.accelerator import matrix_shape
from verif.properties import check_set

SMALL = small_parameters(NearMemoryParameters())
LAYERS = [matrix_shape(2, 1, 1)]
CLAIMS = {
    **dict(near_memory_properties(NearMemoryParameters())),
    **dict(exact_near_memory_properties(NearMemoryParameters())),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * ("Memory, " in name)) for name in CLAIMS]
)
def test_the_unit_keeps_its_properties(name: str) -> None:
    results = check_set(CLAIMS[name](), name)
    assert [f"{result.name}: {result.detail}" for result in results if not result.passed] == []
    assert len(results) >= 2


@pytest.mark.slow
def test_the_unit_keeps_its_properties_with_every_kind_of_layer() -> None:
    layers = proof_layers(SMALL)
    assert len(layers) == 5
    results = check_set(NearMemoryProperties(parameters=SMALL, layers=layers), "all", seconds=300)
    assert [f"{result.name}: {result.detail}" for result in results if not result.passed] == []


class Careless(NearMemoryController):
    """Ends sums whether there is room or not."""

    def _walk(self, m: Any, run: Any, clear: Any) -> None:
        super()._walk(m, run, clear)
        m.d.comb += self.beat.eq(run)


class Forgetful(AsmNearMemory):
    """Does not count the results that leave."""

    def _drain(self, m: Any, controller: Any, drain: Any, banks: Any) -> None:
        super()._drain(m, controller, drain, banks)
        m.d.comb += self.result_out.payload.position.eq(0)


class ResultsOnly(NearMemoryProperties):
    """Their order and no more: what still holds of a wrong unit need not be proved."""

    def state(self, m: Any) -> None:
        self._results(m, self.offered(m))
        self.reaches(m, "a_layer_ends", self.done)


class Stuck(AsmNearMemory):
    """Never finds room for another sum."""

    def _drain(self, m: Any, controller: Any, drain: Any, banks: Any) -> None:
        super()._drain(m, controller, drain, banks)
        m.d.comb += controller.free.eq(0)


class Greedy(Loader):
    """Takes a word more."""

    def elaborate(self, platform: Any) -> Any:
        m = super().elaborate(platform)
        m.d.comb += self.ready.eq(~self.done)
        return m


class Floored(RoundToInput):
    """Rounds down."""

    def _rounded(self, m: Any) -> Any:
        return self.total >> self.shift


WRONG: dict[str, Callable[[], PropertySet]] = {
    "sums_end_where_there_is_room": lambda: NearMemoryControllerProperties(
        parameters=SMALL, layers=LAYERS, component=Careless(parameters=SMALL)
    ),
    "results_come_once_and_in_order": lambda: ResultsOnly(
        parameters=SMALL, layers=LAYERS, component=Forgetful(parameters=SMALL)
    ),
    "a_layer_ends_in_its_cycles": lambda: NearMemoryProperties(
        parameters=SMALL, layers=LAYERS, component=Stuck(parameters=SMALL)
    ),
    "takes_words_while_there_are_more": lambda: LoaderProperties(words=3, component=Greedy(words=3)),
    "rounds_clamps_and_rectifies": lambda: RoundToInputProperties(
        parameters=SMALL, component=Floored(parameters=SMALL)
    ),
}


LONG = "results_come_once_and_in_order"


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name == LONG)) for name in WRONG])
def test_a_wrong_design_breaks_the_property(name: str) -> None:
    failed = [result.name for result in check_set(WRONG[name](), name, seconds=30) if result.passed is False]
    assert name in failed
