"""Properties of the group of converters and of its parts hold for all inputs, and wrong parts are found out."""

from collections.abc import Callable
from typing import Any

import pytest
from amaranth.hdl import Module, Signal

from hdl.property_set import PropertySet
from hdl.sar.columns import ColumnSequence
from hdl.sar.columns_properties import ColumnSequenceProperties
from hdl.sar.config_bus_properties import ConfigurationBusProperties
from hdl.sar.decoder import TrqDecoder
from hdl.sar.decoder_properties import TrqDecoderProperties
from hdl.sar.fifo import ResultFifo
from hdl.sar.fifo_properties import ResultFifoProperties
from hdl.sar.group_properties import AdcGroupProperties
from hdl.sar.hold import HoldBanks
from hdl.sar.hold_properties import HoldBanksProperties
from hdl.sar.shift_add_properties import ShiftAddProperties
from sim_models.sar import AdcGroupParameters, ShiftAddParameters, TrqDecoderParameters
from verif.properties import check_set

SMALL: dict[str, Any] = {"columns": 4, "converters": 2, "slices": 1, "bits": 2, "input_bits": 2, "fifo_depth": 2}


def failed(properties: PropertySet) -> set[str]:
    return {result.name for result in check_set(properties, "set") if result.passed is not True}


HOLDING: list[Callable[[], PropertySet]] = [
    HoldBanksProperties,
    lambda: ResultFifoProperties(width=3, depth=2),
    lambda: ResultFifoProperties(width=9, depth=4),
    lambda: ColumnSequenceProperties(columns=1, overlap=True),
    lambda: ColumnSequenceProperties(columns=6, overlap=True),
    lambda: ColumnSequenceProperties(columns=8, overlap=False),
    lambda: ColumnSequenceProperties(columns=3, overlap=False),
    lambda: TrqDecoderProperties(parameters=TrqDecoderParameters()),
    lambda: TrqDecoderProperties(parameters=TrqDecoderParameters(bits=6, coding="packed", support_base=True)),
    lambda: TrqDecoderProperties(parameters=TrqDecoderParameters(bits=6, support_base=True, support_after_r1=True)),
    lambda: ShiftAddProperties(parameters=ShiftAddParameters(bits=2, input_bits=2, slices=2)),
    lambda: ShiftAddProperties(
        parameters=ShiftAddParameters(bits=3, input_bits=2, slices=2, cell_bits=2, signed_inputs=True)
    ),
    lambda: AdcGroupProperties(parameters=AdcGroupParameters(**SMALL, search="plain")),
    lambda: AdcGroupProperties(parameters=AdcGroupParameters(**SMALL, search="plain", overlap_select=False)),
]


@pytest.mark.parametrize("build", HOLDING, ids=range(len(HOLDING)))
def test_everything_holds(build: Callable[[], PropertySet]) -> None:
    assert failed(build()) == set()


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["fixed", "variable"])
@pytest.mark.parametrize("search", ["plain", "twin_range"])
def test_groups_hold_at_both_rates(search: str, rate: str) -> None:
    assert failed(AdcGroupProperties(parameters=AdcGroupParameters(**SMALL, search=search, rate=rate))) == set()


@pytest.mark.slow
def test_registers_of_eight_bits_hold() -> None:
    assert failed(ConfigurationBusProperties(parameters=AdcGroupParameters())) == set()


class EagerBanks(HoldBanks):
    """Fills a bank in the cycle in which its conversion may still be under way."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        turn = Signal()
        m.d.comb += [self.plane_ready.eq(self.track.any()), self.available.eq(1)]
        m.d.sync += [self.track.eq((self.plane_valid & ~self.plane_ready) << turn), turn.eq(turn ^ self.plane_ready)]
        return m


class LateColumns(ColumnSequence):
    """Moves the multiplexer in the cycle in which sampling ends."""

    def _move_on(self, m: Module, when: Any) -> None:
        super()._move_on(m, self.begin)


class ShortFifo(ResultFifo):
    """Says that there is always room."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        level = Signal(self.depth)
        m.d.comb += [self.valid.eq(level != 0), self.room.eq(1)]
        m.d.sync += level.eq(level + self.write - self.read)
        return m


class WideHalf(TrqDecoder):
    """Adds a half step of the wrong range."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.value.eq(self.code | (self.stop2 >> 1) & self.mid_rise.replicate(len(self.stop2)))
        return m


def test_a_bank_that_is_filled_too_early_is_found() -> None:
    assert "a_full_bank_is_not_filled" in failed(HoldBanksProperties(component=EagerBanks()))


def test_a_multiplexer_that_moves_too_early_is_found() -> None:
    broken = LateColumns(columns=4, overlap=True)
    assert "column_is_the_next_one" in failed(ColumnSequenceProperties(columns=4, overlap=True, component=broken))


def test_a_fifo_that_overflows_is_found() -> None:
    broken = ShortFifo(width=2, depth=2)
    found = failed(ResultFifoProperties(width=2, depth=2, component=broken))
    assert found >= {"room_counts_what_is_written", "it_never_overflows", "a_word_leaves_as_it_came"}


def test_a_wrong_half_step_is_found() -> None:
    p = TrqDecoderParameters(bits=6)
    found = failed(TrqDecoderProperties(parameters=p, component=WideHalf(parameters=p)))
    assert found == {"value_is_of_the_step", "value_is_near"}
