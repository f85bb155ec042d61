"""Controllers of successive approximation converters keep their promises, for all counts and configurations."""

from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Const, Module, Value

from hdl.property_set import PropertySet
from hdl.sar import TrqController
from hdl.sar.controller_properties import SarControllerProperties
from hdl.sar.twin_range_properties import TrqControllerProperties
from sim_models.sar import SarParameters, TrqControllerParameters
from verif.formal import decide
from verif.properties import check_set
from verif.property_design import elaborate_properties

EVERY_OPTION = {"support_base": True, "support_after_r1": True, "support_skip": True}


def proved(properties: PropertySet) -> None:
    results = check_set(properties, "controller", seconds=300)
    assert {result.name: result.detail for result in results if result.passed is not True} == {}
    assert len(results) > 10


@pytest.mark.parametrize("register", ["one_hot", "in_code"])
@pytest.mark.parametrize(("bits", "sample_cycles"), [(2, 3), (8, 1)])
def test_plain(bits: int, sample_cycles: int, register: str) -> None:
    parameters = SarParameters(bits=bits, sample_cycles=sample_cycles, register=register)
    proved(SarControllerProperties(parameters=parameters))


@pytest.mark.parametrize(
    ("bits", "fields"),
    [
        (2, EVERY_OPTION),
        pytest.param(3, EVERY_OPTION | {"sample_cycles": 3}, marks=pytest.mark.slow),
        (4, EVERY_OPTION),
        pytest.param(8, EVERY_OPTION, marks=pytest.mark.slow),
        *(pytest.param(4, {name: True}, marks=pytest.mark.slow) for name in EVERY_OPTION),
        pytest.param(8, {"support_base": True}, marks=pytest.mark.slow),
        pytest.param(8, {"support_after_r1": True}, marks=pytest.mark.slow),
        pytest.param(8, {"support_skip": True}, marks=pytest.mark.slow),
        pytest.param(12, EVERY_OPTION, marks=pytest.mark.slow),
    ],
)
def test_twin_range(bits: int, fields: dict[str, Any]) -> None:
    """Eight bits without options are proved among the catalog's designs."""
    proved(TrqControllerProperties(parameters=TrqControllerParameters(bits=bits, **fields)))


class EndsTooLate(TrqController):
    """The lower bit of R1 is searched for even where R1 has none."""

    def _ended(self, at_end: Value, detection: Any) -> Value:
        return at_end & ~detection.upper & ~detection.again & (self.flag | (self.code != self.registers.r1_size))


class ForgetsTheDetour(TrqController):
    """Comparisons below R1 are one too few."""

    def _count(self, m: Module, in_r2: Value, sampled: Value, detour: Value) -> None:
        super()._count(m, in_r2, sampled, Const(0))


class OutlivesReset(TrqController):
    """A detection that a reset cut short disturbs the next conversion."""

    def _detect(self, m: Module, sampled: Value, searching: Value) -> Any:
        return super()._detect(m, sampled, Const(1))


@pytest.mark.parametrize(
    ("wrong", "broken"),
    [
        (EndsTooLate, "done_in_its_cycle"),
        (ForgetsTheDetour, "ops_are_the_comparisons"),
        (OutlivesReset, "code_is_clear_in_sampling"),
    ],
)
def test_wrong_controllers_are_found_out(wrong: type[TrqController], broken: str, tmp_path: Path) -> None:
    parameters = TrqControllerParameters(bits=3, support_base=True)
    properties = TrqControllerProperties(parameters=parameters, component=wrong(parameters=parameters))
    elaborate_properties(properties).write_graph(tmp_path, broken)
    proof = decide(tmp_path, [("bmc3 -F 20 -T 30",)], 60)
    assert not proof.proved
    assert "registers" in proof.counterexample[0]
