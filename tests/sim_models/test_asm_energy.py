"""Energy term by term against the formulas written out, and what the assumptions do to it."""

from dataclasses import replace

import numpy as np
import pytest

from sim_models.asm import AsmParameters
from sim_models.asm.bit_energies import SOURCES, BitEnergies, WireModel, bit_energies, sensitivity
from sim_models.asm.energy import broadcast_bits, in_memory_energy, near_memory_energy, von_neumann_energy
from sim_models.daism.energy import SramModel
from tests.sim_models.daism_refused import assert_refused

UNITS = BitEnergies(read=1.0, write=1000.0, bus=1e6, broadcast=1e9)
CODED = AsmParameters(weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True, lanes=4)
MEMORY = AsmParameters(placement="in_memory", columns=50, reduction_length=256)  # 2 lanes of 25 bits


def test_baseline_terms() -> None:
    found = von_neumann_energy(10, 64, 6, CODED, exact_mac_pj=2.0, energies=UNITS)
    macs, inputs, outputs, width = 3840, 10 * 64 * 2, 60, 4 + 4 + 8 + 1
    assert found.macs == macs
    assert (found.weight_read, found.weight_bus, found.mac) == (macs * 5, macs * 5e6, macs * 2.0)
    assert (found.input_read, found.input_bus) == (inputs * 4, inputs * 4e6)
    assert (found.output_write, found.output_bus) == (outputs * width * 1e3, outputs * width * 1e6)
    assert (found.precompute, found.broadcast) == (0, 0)
    assert found.total == pytest.approx(
        macs * (5 * (1 + 1e6) + 2) + inputs * 4 * (1 + 1e6) + outputs * width * (1e3 + 1e6)
    )


def test_near_memory_terms() -> None:
    found = near_memory_energy(10, 64, 6, CODED, mac_pj=1.5, precompute_pj=0.25, energies=UNITS)
    macs, inputs, outputs, width = 3840, 10 * 64 * 2, 60, 17
    assert (found.weight_read, found.weight_bus, found.mac) == (macs * 4, 0, macs * 1.5)
    assert (found.input_read, found.input_bus) == (inputs * 3, inputs * 3e6)
    assert (found.precompute, found.broadcast) == (inputs * 0.25, inputs * 3 * 4 * 1e9)
    assert (found.output_write, found.output_bus) == (outputs * width * 1e3, outputs * width * 1e6)
    assert found.memory == found.weight_read + found.input_read + found.output_write
    assert found.transport == found.input_bus + found.output_bus + found.broadcast
    assert found.logic == found.mac + found.precompute
    assert found.total == pytest.approx(found.memory + found.transport + found.logic)


def test_in_memory_terms() -> None:
    weights = np.array([[0, 2], [0x60, -0x38]])  # 4 quartets that are not zero
    p = replace(MEMORY, banks=2)  # 5 positions: 3 loads of one bank, 2 of both
    found = in_memory_energy(weights, 5, p, peripheral_pj=0.5, energies=UNITS)
    adds = 3 * (4 + 2)
    assert (found.read, found.add, found.peripheral) == (adds * 50, adds * 50 * 1001, adds * 0.5)
    assert (found.load, found.code_read) == (3 * 2 * 2 * 50e3, 2 * 4 * 9)
    assert (found.clear, found.drain) == (3 * 4 * 50e3, 3 * 4 * 50)
    assert (found.input_read, found.input_bus) == (5 * 2 * 8, 5 * 2 * 8e6)
    assert (found.output_write, found.output_bus, found.macs) == (10 * 25e3, 10 * 25e6, 20)
    assert found.total == pytest.approx(found.memory + found.transport + found.logic)
    single = in_memory_energy(weights, 5, replace(p, store_triple=False), peripheral_pj=0.5, energies=UNITS)
    assert (single.read, single.load) == (3 * 6 * 50, 3 * 2 * 50e3)
    every = in_memory_energy(weights, 5, replace(p, zero_skip=False), peripheral_pj=0.5, energies=UNITS)
    assert (every.read, every.clear) == (3 * (8 + 2) * 50, 3 * 5 * 50e3)


@pytest.mark.parametrize(
    ("alphabets", "bits", "wires"),
    [((1,), 8, 8), ((1, 3), 4, 10), ((1, 3), 8, 18), ((1, 3, 5, 7), 8, 8 + 10 + 11 + 11)],
)
def test_broadcast_bits(alphabets: tuple[int, ...], bits: int, wires: int) -> None:
    assert broadcast_bits(AsmParameters(alphabets=alphabets, input_bits=bits)) == wires


def test_codes_are_broadcast_where_there_is_no_precomputer() -> None:
    assert broadcast_bits(CODED) == 3
    assert broadcast_bits(replace(CODED, encode_weights=False)) == 4 + 6
    assert broadcast_bits(replace(CODED, weight_bits=8)) == 4 + 6
    assert broadcast_bits(replace(CODED, input_bits=8)) == 8 + 10


def test_energies_per_bit() -> None:
    """256 rows of 256 bits by the SRAM model: 56.2 fJ of bitline and sense, a wordline and a decoder shared."""
    found = bit_energies(AsmParameters())
    assert found.read == pytest.approx(0.0562 + 0.0004 + 0.5 / 256)
    assert found.write == pytest.approx(0.0512 + 0.0004 + 0.5 / 256)
    assert (found.bus, found.broadcast) == (pytest.approx(0.1), pytest.approx(0.005))
    narrow = bit_energies(AsmParameters(), sram=SramModel(read_swing_v=0.2), wires=WireModel(bus_um=500))
    assert narrow.read < found.read
    assert narrow.bus == pytest.approx(0.05)
    assert {"read", "write", "bus", "broadcast"} < set(SOURCES)


def test_sensitivity_is_linear() -> None:
    def total(energies: BitEnergies) -> float:
        return near_memory_energy(4, 8, 4, CODED, mac_pj=1, precompute_pj=0, energies=energies).total

    base = bit_energies(CODED)
    found = sensitivity(total, base, factor=3)
    assert {each.field for each in found} == {"read", "write", "bus", "broadcast"}
    effects = [each.high - each.low for each in found]
    assert effects == sorted(effects, reverse=True)
    bus = next(each for each in found if each.field == "bus")
    terms = near_memory_energy(4, 8, 4, CODED, mac_pj=1, precompute_pj=0)
    assert bus.high - total(base) == pytest.approx(2 * (terms.input_bus + terms.output_bus))
    assert total(base) - bus.low == pytest.approx(2 / 3 * (terms.input_bus + terms.output_bus))


def test_refusals() -> None:
    p, w = AsmParameters(), np.ones((3, 2), int)
    logic = {"mac_pj": 1.0, "precompute_pj": 0.1}
    assert_refused(lambda: von_neumann_energy(1, 1, 1, p, exact_mac_pj=-1), "exact_mac_pj", "-1")
    assert_refused(lambda: von_neumann_energy(0, 1, 1, p, exact_mac_pj=1), "positions", "at least 1")
    assert_refused(lambda: von_neumann_energy(1, 257, 1, p, exact_mac_pj=1), "length", "256", "257")
    assert_refused(lambda: near_memory_energy(1, 1, 1, p, mac_pj=1, precompute_pj=float("nan")), "precompute_pj", "nan")
    assert_refused(lambda: near_memory_energy(1, 1, 1, MEMORY, **logic), "placement", "near_memory")
    assert_refused(lambda: near_memory_energy(1, 1, 1, p, **logic, energies=1), "energies", "BitEnergies")
    assert_refused(lambda: in_memory_energy(w, 1, p, peripheral_pj=1), "placement", "in_memory")
    assert_refused(lambda: in_memory_energy(5 * w, 1, MEMORY, peripheral_pj=1), "weights", "5")
    assert_refused(lambda: in_memory_energy(w, 1, MEMORY, peripheral_pj=True), "peripheral_pj", "True")
    assert_refused(lambda: WireModel(activity=1.5), "activity", "between 0 and 1", "1.5")
    assert_refused(lambda: WireModel(bus_um=-1), "bus_um", "-1")
    assert_refused(lambda: BitEnergies(read=-1, write=0, bus=0, broadcast=0), "read", "-1")
    assert_refused(lambda: bit_energies(p, sram=0.5), "sram", "SramModel")
    assert_refused(lambda: sensitivity(lambda energies: 0.0, UNITS, factor=0.5), "factor", "0.5")
