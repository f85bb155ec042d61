"""Lanes of alphabet sets keep their properties for all words; wrong lanes are found out; their workloads are right."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module, Value

from gen.catalog import find
from hdl.asm import AsmMac, Precomputer, QuartetDecoder
from hdl.asm.accumulate import SignedAccumulator
from hdl.asm.lane_parameters import EncodedParameters, LaneParameters
from hdl.asm.mac_properties import MacProperties
from hdl.asm.multiplier import AlphabetMultiplier
from hdl.asm.product_properties import DecoderProperties, MultiplierProperties, PrecomputerProperties
from hdl.asm.properties import exact_mac_properties, mac_properties, multiplier_properties
from hdl.property_set import PropertySet
from verif.batch import simulate
from verif.properties import check_set
from verif.workloads import workload

EVERY = tuple(range(1, 16, 2))


def failures(properties: PropertySet, name: str = "set") -> list[str]:
    return [f"{result.name}: {result.detail}" for result in check_set(properties, name) if not result.passed]


@pytest.mark.parametrize("members", range(0, 128, 9))
def test_every_alphabet_of_a_set_is_its_multiple(members: int) -> None:
    alphabets = (1, *(a for place, a in enumerate(EVERY[1:]) if members >> place & 1))
    assert failures(PrecomputerProperties(parameters=LaneParameters(alphabets=alphabets, input_bits=5))) == []


@pytest.mark.slow
def test_every_alphabet_of_every_set_is_its_multiple() -> None:
    for members in range(128):
        alphabets = (1, *(a for place, a in enumerate(EVERY[1:]) if members >> place & 1))
        for bits in (4, 8):
            p = LaneParameters(alphabets=alphabets, input_bits=bits)
            assert failures(PrecomputerProperties(parameters=p)) == [], alphabets


CONFIGURATIONS: list[Any] = [
    LaneParameters(alphabets=(1,)),
    LaneParameters(encode_weights=True, encode_inputs=True, sign_inside=True, input_signed=True),
    EncodedParameters(alphabets=(1,), sign_inside=True),
    *(
        pytest.param(LaneParameters(**fields), marks=pytest.mark.slow)
        for fields in (
            {"alphabets": (1, 3, 5, 7)},
            {"alphabets": EVERY},
            {"alphabets": (1, 5, 13), "weight_bits": 12, "unsupported": "dont_care"},
        )
    ),
]


@pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=lambda p: f"{p.alphabets} {p.code_bits} {p.weight_bits}")
def test_every_part_of_a_mac_keeps_its_properties(parameters: LaneParameters) -> None:
    for name, build in mac_properties(parameters):
        assert failures(build(), name) == [], name


def test_the_multipliers_claims_are_among_those_of_the_mac() -> None:
    p = EncodedParameters()
    names = [name for name, _ in mac_properties(p)]
    assert [name for name, _ in multiplier_properties(p)] == names[:-1]
    assert "EncodedProduct" in names
    assert len(list(exact_mac_properties(p))) == 2


class SignLost(SignedAccumulator):
    """Adds what should be subtracted."""

    def elaborate(self, platform: object) -> Module:
        self.negative: Value = self.negative & 0
        return super().elaborate(platform)


class Forgetful(AsmMac):
    """Shows an error for a cycle only."""

    def _kept(self, m: Module, error: Value) -> Any:
        kept = super()._kept(m, error)
        return kept & self.valid


class NoEleven(Precomputer):
    """Makes 11 of 5 in the place of 3."""

    def _make(self, m: Module, alphabet: int, made: dict[int, Value]) -> Value:
        return super()._make(m, 13 if alphabet == 11 else alphabet, made)


P = LaneParameters(lanes=1, weight_bits=4, input_bits=4, reduction_length=2)
WRONG: dict[str, Callable[[], PropertySet]] = {
    "is_11_times_the_input": lambda: PrecomputerProperties(
        parameters=replace(P, alphabets=(1, 11)), component=NoEleven(parameters=replace(P, alphabets=(1, 11)))
    ),
    "alphabet_and_shift_are_the_value": lambda: DecoderProperties(
        parameters=P, place=0, component=QuartetDecoder(parameters=replace(P, unsupported="dont_care"))
    ),
    "error_where_refused": lambda: MultiplierProperties(
        parameters=P, component=AlphabetMultiplier(parameters=replace(P, unsupported="dont_care"))
    ),
    "error_stays_until_cleared": lambda: MacProperties(parameters=P, component=Forgetful(parameters=P)),
    "sum_0_goes_on": lambda: MacProperties(
        parameters=P, component=AsmMac(parameters=replace(P, unsupported="dont_care"))
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_block_breaks_the_property(name: str) -> None:
    broken = [failure.partition(":")[0] for failure in failures(WRONG[name]())]
    assert name in broken


def test_a_lost_sign_breaks_the_property(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdl.asm.lane.SignedAccumulator", SignLost)
    assert any(failure.startswith("sum_0_goes_on") for failure in failures(MacProperties(parameters=P)))


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{}, {"input_signed": True, "lanes": 3}], ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "asm_multiplier",
        "asm_mac",
        "asm_encoded_mac",
        "asm_neuron",
        "asm_exact_multiplier",
        "asm_exact_mac",
        "asm_exact_neuron",
    ],
)
def test_results_of_workloads_are_checked(name: str, fields: dict[str, Any]) -> None:
    design = find(name)
    p = design.configuration()(**fields)
    task = workload(design, p)
    got = dict(simulate(design.elaborate(p), task.inputs))
    task.check(got)
    assert task.cycles == task.operations > 1000
    result = next(port for port in ("products", "sums", "word") if port in got)
    got[result] = got[result].copy()
    got[result][500] ^= 1
    with pytest.raises(AssertionError, match=result):
        task.check(got)
