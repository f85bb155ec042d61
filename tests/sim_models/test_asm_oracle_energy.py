"""Energies: worked by hand in fractions, and from operations counted one by one; all numbers are exact in binary."""

import dataclasses
from fractions import Fraction

import pytest

from sim_models.asm import AsmParameters
from sim_models.asm.bit_energies import SOURCES, BitEnergies, WireModel, bit_energies, sensitivity
from sim_models.asm.energy import (
    ArrayEnergy,
    MacEnergy,
    broadcast_bits,
    in_memory_energy,
    near_memory_energy,
    von_neumann_energy,
)
from tests.sim_models import asm_oracle as oracle
from tests.sim_models.asm_memory_oracle import NearMemory, in_memory_run
from tests.sim_models.test_asm_oracle_product import random_matrices

READ, WRITE, BUS, BROADCAST = Fraction(1, 2), Fraction(3, 4), Fraction(5, 4), Fraction(1, 16)
BITS = BitEnergies(read=0.5, write=0.75, bus=1.25, broadcast=0.0625)
MAC, PRECOMPUTE, PERIPHERAL = Fraction(9, 8), Fraction(5, 16), Fraction(7, 2)

CODED = AsmParameters(
    weight_bits=4, input_bits=4, encode_weights=True, encode_inputs=True, reduction_length=64, columns=64
)


def terms(energy: MacEnergy | ArrayEnergy) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in vars(energy).items()}


def assert_shares(energy: MacEnergy | ArrayEnergy, memory: set[str], transport: set[str], logic: set[str]) -> None:
    """Each term is in one share, and the shares make the total."""
    found = terms(energy)
    assert found.keys() - {"macs"} == memory | transport | logic
    for share, names in ((energy.memory, memory), (energy.transport, transport), (energy.logic, logic)):
        assert Fraction(share) == sum(found[name] for name in names)
    assert Fraction(energy.total) == sum(value for name, value in found.items() if name != "macs")


MAC_SHARES = (
    {"weight_read", "input_read", "output_write"},
    {"weight_bus", "input_bus", "output_bus", "broadcast"},
    {"mac", "precompute"},
)


def test_baseline_by_hand() -> None:
    """2 positions, 3 inputs, 5 outputs in two blocks of four lanes: 30 MACs, 12 input reads, 10 outputs."""
    p = dataclasses.replace(CODED, encode_inputs=False, encode_weights=False)
    energy = von_neumann_energy(2, 3, 5, p, exact_mac_pj=float(MAC), energies=BITS)
    weight, inputs, sums = 5, 4, 4 + 4 + 6 + 1
    assert terms(energy) == {
        "macs": 30,
        "weight_read": 30 * weight * READ,
        "weight_bus": 30 * weight * BUS,
        "input_read": 12 * inputs * READ,
        "input_bus": 12 * inputs * BUS,
        "mac": 30 * MAC,
        "precompute": 0,
        "broadcast": 0,
        "output_write": 10 * sums * WRITE,
        "output_bus": 10 * sums * BUS,
    }
    assert_shares(energy, *MAC_SHARES)
    formula = 30 * (weight * (READ + BUS) + MAC) + 12 * inputs * (READ + BUS) + 10 * sums * (WRITE + BUS)
    assert Fraction(energy.total) == formula


def test_baseline_is_the_same_for_all_codes_and_alphabets() -> None:
    """It reads plain words."""
    first = von_neumann_energy(2, 3, 5, CODED, exact_mac_pj=1.0, energies=BITS)
    plain = dataclasses.replace(CODED, encode_inputs=False, encode_weights=False, alphabets=(1, 5, 9))
    assert von_neumann_energy(2, 3, 5, plain, exact_mac_pj=1.0, energies=BITS) == first


def test_near_memory_by_hand() -> None:
    """Codes of 3 bits and a sign; codes of 3 bits reach four lanes, as products of two codes need no multiples."""
    energy = near_memory_energy(2, 3, 5, CODED, mac_pj=float(MAC), precompute_pj=float(PRECOMPUTE), energies=BITS)
    weight, inputs, sums, wires = 4, 3, 4 + 4 + 6 + 1, 3
    assert broadcast_bits(CODED) == wires
    assert terms(energy) == {
        "macs": 30,
        "weight_read": 30 * weight * READ,
        "weight_bus": 0,
        "input_read": 12 * inputs * READ,
        "input_bus": 12 * inputs * BUS,
        "mac": 30 * MAC,
        "precompute": 12 * PRECOMPUTE,
        "broadcast": 12 * wires * 4 * BROADCAST,
        "output_write": 10 * sums * WRITE,
        "output_bus": 10 * sums * BUS,
    }
    assert_shares(energy, *MAC_SHARES)


@pytest.mark.parametrize(("lanes", "positions", "length", "outputs"), [(4, 1, 5, 4), (3, 2, 7, 8), (5, 3, 2, 1)])
def test_near_memory_from_counted_reads(lanes: int, positions: int, length: int, outputs: int) -> None:
    p = AsmParameters(alphabets=(1, 3, 5, 7), lanes=lanes, input_bits=6, input_signed=True)
    x, w = random_matrices([p] * outputs, positions, length, lanes)
    unit = NearMemory(x, w, p, 1)
    unit.run()
    reads = unit.cycles["row reads"]
    energy = near_memory_energy(positions, length, outputs, p, mac_pj=0.0, precompute_pj=1.0, energies=BITS)
    assert energy.precompute == reads
    assert Fraction(energy.input_read) == reads * 7 * READ
    assert Fraction(energy.broadcast) == reads * (6 + 8 + 9 + 9) * lanes * BROADCAST
    assert energy.macs == positions * length * outputs


@pytest.mark.parametrize(
    ("alphabets", "wires"), [((1,), 8), ((1, 3), 18), ((1, 3, 5, 7), 8 + 10 + 11 + 11), ((1, 9, 15), 8 + 12 + 12)]
)
def test_wires_of_the_multiples(alphabets: tuple[int, ...], wires: int) -> None:
    assert broadcast_bits(AsmParameters(alphabets=alphabets)) == wires


@pytest.mark.parametrize("triple", [False, True])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(("positions", "banks", "rows", "bits"), [(2, 1, 40, 4), (5, 2, 7, 4), (9, 3, 12, 8)])
def test_in_memory_from_counted_operations(
    positions: int, banks: int, rows: int, bits: int, skip: bool, triple: bool
) -> None:
    p = AsmParameters(
        weight_bits=bits,
        input_bits=4,
        encode_weights=True,
        placement="in_memory",
        banks=banks,
        rows=rows,
        columns=40,
        reduction_length=8,
        zero_skip=skip,
        store_triple=triple,
    )
    x, w = random_matrices([p] * 3, positions, 8, rows)
    _, spent, kinds = in_memory_run(x, w, p)
    row_read, row_write, sums = 40 * READ, 40 * WRITE, positions * 3 * oracle.accumulator_bits(p)
    reads = kinds["run", "read"] + kinds["load", "read"]
    adds = kinds["run", "add"] + kinds["load", "add"]
    energy = in_memory_energy(w, positions, p, peripheral_pj=float(PERIPHERAL), energies=BITS)
    assert terms(energy) == {
        "macs": positions * 8 * 3,
        "input_read": positions * 8 * 4 * READ,
        "input_bus": positions * 8 * 4 * BUS,
        "read": reads * row_read,
        "add": adds * (row_read + row_write),
        "peripheral": adds * PERIPHERAL,
        "load": kinds["load", "write"] * row_write,
        "code_read": spent["groups"] * 8 * 3 * oracle.weight_word_bits(p) * READ,
        "clear": kinds["clear", "clear"] * row_write,
        "drain": kinds["drain", "read"] * row_read,
        "output_write": sums * WRITE,
        "output_bus": sums * BUS,
    }
    assert sum(kinds.values()) == reads + adds + sum(
        kinds[kind] for kind in (("load", "write"), ("clear", "clear"), ("drain", "read"))
    )
    memory = {"input_read", "read", "add", "load", "code_read", "clear", "drain", "output_write"}
    assert_shares(energy, memory, {"input_bus", "output_bus"}, {"peripheral"})


def test_default_energies_per_bit() -> None:
    """A row of 256 cells of 0.2 fF a bitline cell, 5 fJ sensing, 0.4 fF a wordline cell, 0.5 pJ of decoder, at 1 V."""
    found = bit_energies(AsmParameters())
    decoder = 0.5 / 256
    assert found.read == pytest.approx(0.0512 + 0.005 + 0.0004 + decoder)
    assert found.write == pytest.approx(0.0512 + 0.0004 + decoder)
    assert found.bus == pytest.approx(1000 * 0.2e-3 / 2)
    assert found.broadcast == pytest.approx(50 * 0.2e-3 / 2)
    assert WireModel(bus_um=500.0, supply_v=2.0, activity=1.0).bit_pj(500.0) == pytest.approx(500 * 0.2e-3 * 4)


def test_default_energies_are_those_of_the_memory() -> None:
    for p in (AsmParameters(), AsmParameters(rows=64, columns=128)):
        expected = von_neumann_energy(2, 3, 4, p, exact_mac_pj=0.5, energies=bit_energies(p))
        assert von_neumann_energy(2, 3, 4, p, exact_mac_pj=0.5) == expected


def test_every_constant_has_a_source() -> None:
    arguments = {"exact_mac_pj", "mac_pj", "precompute_pj", "peripheral_pj"}
    assert SOURCES.keys() == {field.name for field in dataclasses.fields(BitEnergies)} | arguments
    assert all(SOURCES.values())


def test_sensitivities() -> None:
    def total(bits: BitEnergies) -> float:
        return von_neumann_energy(2, 3, 5, CODED, exact_mac_pj=1.0, energies=bits).total

    found = sensitivity(total, BITS, factor=4.0)
    assert {each.field for each in found} == {"read", "write", "bus", "broadcast"}
    for each in found:
        value = getattr(BITS, each.field)
        assert each.low == total(dataclasses.replace(BITS, **{each.field: value / 4}))
        assert each.high == total(dataclasses.replace(BITS, **{each.field: value * 4}))
    assert [each.high - each.low for each in found] == sorted((each.high - each.low for each in found), reverse=True)
