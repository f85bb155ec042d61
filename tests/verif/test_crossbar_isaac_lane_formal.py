"""No accumulator of strategy A overflows, with cells of any kind; one that is too narrow is found out."""

from typing import Any

import pytest
from amaranth.hdl import Module, Mux

from hdl.crossbar.isaac_lane import IsaacLane
from hdl.crossbar.isaac_lane_properties import IsaacLaneProperties
from hdl.crossbar.isaac_parameters import IsaacParameters
from verif.properties import check_set

FEW: dict[str, Any] = {"rows": 3, "input_bits": 2, "weight_bits": 2, "outputs": 1, "converter": "ideal"}
DIFFERENCE: dict[str, Any] = {"weight_encoding": "differential", "flip_encoding": False}
ENCODINGS: dict[str, dict[str, Any]] = {
    "flipped": {},
    "flipped cells of a bit": {"cell_bits": 1},
    "difference": {**DIFFERENCE, "cell_bits": 1},
    "separate": {**DIFFERENCE, "cell_bits": 1, "conversion_polarity": "separate"},
}


def failed(properties: IsaacLaneProperties) -> set[str]:
    return {result.name for result in check_set(properties, "set") if result.passed is not True}


@pytest.mark.parametrize("fields", ENCODINGS.values(), ids=ENCODINGS)
def test_no_sum_overflows(fields: dict[str, Any]) -> None:
    assert not failed(IsaacLaneProperties(parameters=IsaacParameters(**FEW | fields)))


class NarrowLane(IsaacLane):
    """What it adds to has two bits less."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        inner = m.submodules.shift_add
        m.d.comb += inner.acc_in.eq(Mux(self.fresh & self.opening, 0, self.sum[:-2].as_signed()))
        return m


def test_a_sum_that_is_too_narrow_is_found_out() -> None:
    p = IsaacParameters(**FEW | ENCODINGS["difference"])
    wrong = NarrowLane(parameters=p, outputs=1)
    assert "the_sum_does_not_overflow" in failed(IsaacLaneProperties(parameters=p, component=wrong))
