"""Properties of strategy A's hardware hold for all inputs, and wrong parts are found out."""

import pytest
from amaranth.hdl import Module, Mux

from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_properties import LineScanProperties, ShiftAddLaneProperties, readout_properties
from hdl.crossbar.line_scan import LineScan
from hdl.crossbar.shift_add_lane import ShiftAddLane
from hdl.property_set import PropertySet
from verif.properties import check_set

FEW = {"rows": 3, "input_bits": 2, "weight_bits": 2}
LANES = [
    IsaacParameters(**FEW),
    IsaacParameters(**FEW, cell_bits=1, weight_encoding="differential", flip_encoding=False),
    IsaacParameters(
        **FEW, weight_encoding="differential", conversion_polarity="separate", dac_bits=2, signed_inputs=False
    ),
]


def failed(properties: PropertySet) -> set[str]:
    return {result.name for result in check_set(properties, "set") if result.passed is not True}


@pytest.mark.parametrize("parameters", LANES, ids=range(len(LANES)))
def test_the_sum_changes_by_the_code(parameters: IsaacParameters) -> None:
    assert not failed(ShiftAddLaneProperties(parameters=parameters))


@pytest.mark.parametrize("positions", [1, 2, 5])
def test_a_scan_has_every_position(positions: int) -> None:
    assert not failed(LineScanProperties(positions=positions))


@pytest.mark.slow
@pytest.mark.parametrize("converters", [1, 2])
def test_no_conversion_and_no_product_is_lost(converters: int) -> None:
    for _, build in readout_properties(IsaacParameters(converters=converters)):
        assert not failed(build())


class SkippingScan(LineScan):
    """Goes from position 1 to position 3."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.last.eq(self.active & (self.position == self.positions - 1)),
            self.upcoming.eq(self.start | (self.active & ~self.last)),
            self.following.eq(Mux(self.active & ~self.last, self.position + Mux(self.position == 1, 2, 1), 0)),
        ]
        m.d.sync += [self.active.eq(self.upcoming), self.position.eq(self.following)]
        return m


class UnsignedLane(ShiftAddLane):
    """Adds where it should subtract."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.lane = lane = ShiftAddLane(parameters=self.parameters)
        for name in self.signature.members:
            if name == "acc_out":
                m.d.comb += self.acc_out.eq(lane.acc_out)
            elif name != "subtract":
                m.d.comb += getattr(lane, name).eq(getattr(self, name))
        return m


def test_wrong_parts_are_found_out() -> None:
    found = failed(LineScanProperties(positions=5, component=SkippingScan(positions=5)))
    assert {"positions_in_order", "active_for_as_many_cycles"} <= found
    wrong = UnsignedLane(parameters=LANES[0])
    assert "the_sum_changes_by_the_code" in failed(ShiftAddLaneProperties(parameters=LANES[0], component=wrong))
