"""Bad sizes, energies and grids of alphabet sets: ValueError, on one line that names parameter, limits and value."""

import math

import numpy as np
import pytest

from sim_models.asm import AsmParameters
from sim_models.asm.bit_energies import BitEnergies, WireModel, sensitivity
from sim_models.asm.cycles import in_memory_cycles, near_memory_cycles
from sim_models.asm.energy import in_memory_energy, near_memory_energy, von_neumann_energy
from sim_models.asm.grid import best_clip, clip_search, sqnr_db
from sim_models.asm.program import load_operations, micro_operations
from tests.sim_models.daism_refused import assert_refused

PLAIN = AsmParameters()
IN_MEMORY = AsmParameters(placement="in_memory")


def test_near_memory_cycles() -> None:
    for name, at in (("positions", 0), ("length", 1), ("outputs", 2)):
        for value in (0, -1, 1.0, True, "1", None):
            sizes = [1, 1, 1]
            sizes[at] = value
            assert_refused(lambda sizes=sizes: near_memory_cycles(*sizes, PLAIN), name, repr(value))
            assert_refused(lambda sizes=sizes: von_neumann_energy(*sizes, PLAIN, exact_mac_pj=1.0), name, repr(value))
            assert_refused(
                lambda sizes=sizes: near_memory_energy(*sizes, PLAIN, mac_pj=1.0, precompute_pj=1.0), name, repr(value)
            )
    assert_refused(lambda: near_memory_cycles(1, 257, 1, PLAIN), "length", "256", "257")
    assert_refused(lambda: near_memory_cycles(1, 20, 1, AsmParameters(rows=19)), "length", "19", "20")
    assert_refused(lambda: near_memory_cycles(1, 1, 1, IN_MEMORY), "placement", "near_memory", "in_memory")
    for value in (0, 3, 1.0, True):
        assert_refused(
            lambda value=value: near_memory_cycles(1, 1, 1, PLAIN, codes_per_cycle=value),
            "codes_per_cycle",
            repr(value),
        )


def test_in_memory_cycles() -> None:
    for value in (0, -1, 1.0, True, "1", None):
        assert_refused(lambda value=value: in_memory_cycles([[1]], value, IN_MEMORY), "positions", repr(value))
    for bad in ([[5]], [[1, -5]]):
        assert_refused(lambda bad=bad: in_memory_cycles(bad, 1, IN_MEMORY), "weights", "(1, 3)", "5")
    for bad, part in (([[256]], "256"), ([[-256]], "256"), ([[-(2**63)]], str(2**63))):
        assert_refused(lambda bad=bad: in_memory_cycles(bad, 1, IN_MEMORY), "weights", "255", part)
    for bad in ([1], 1, [], [[]], [[[1]]]):
        assert_refused(lambda bad=bad: in_memory_cycles(bad, 1, IN_MEMORY), "weights", str(np.shape(bad)))
    assert_refused(lambda: in_memory_cycles([[1]], 1, PLAIN), "placement", "in_memory", "near_memory")


def test_micro_operations() -> None:
    room = IN_MEMORY.inputs_per_pass
    assert len(micro_operations([1] * room, IN_MEMORY)) == 2 * room
    for bad in ([1] * (room + 1), [], [[1]], 1):
        assert_refused(lambda bad=bad: micro_operations(bad, IN_MEMORY), "codes", str(room), str(np.shape(bad)))
    assert_refused(lambda: micro_operations([5], IN_MEMORY), "codes", "(1, 3)", "5")
    assert_refused(lambda: micro_operations([1], PLAIN), "placement", "in_memory")
    for value in (0, room + 1, 1.0, True):
        assert_refused(lambda value=value: load_operations(value, IN_MEMORY), "inputs", repr(value))


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, "1", None, True], ids=repr)
def test_energies(value: object) -> None:
    assert_refused(lambda: von_neumann_energy(1, 1, 1, PLAIN, exact_mac_pj=value), "exact_mac_pj")
    assert_refused(lambda: near_memory_energy(1, 1, 1, PLAIN, mac_pj=value, precompute_pj=1.0), "mac_pj")
    assert_refused(lambda: near_memory_energy(1, 1, 1, PLAIN, mac_pj=1.0, precompute_pj=value), "precompute_pj")
    assert_refused(lambda: in_memory_energy([[1]], 1, IN_MEMORY, peripheral_pj=value), "peripheral_pj")
    good = {"read": 1.0, "write": 1.0, "bus": 1.0, "broadcast": 1.0}
    for name in good:
        assert_refused(lambda name=name: BitEnergies(**{**good, name: value}), name)
    for name in ("ff_per_um", "supply_v", "activity", "bus_um", "lane_um"):
        assert_refused(lambda name=name: WireModel(**{name: value}), name)
    assert_refused(lambda: sensitivity(lambda bits: bits.read, BitEnergies(**good), factor=value), "factor")


def test_energy_models_of_another_kind() -> None:
    assert_refused(lambda: WireModel(activity=1.5), "activity", "1.5")
    for call in (
        lambda bad: von_neumann_energy(1, 1, 1, PLAIN, exact_mac_pj=1.0, energies=bad),
        lambda bad: near_memory_energy(1, 1, 1, PLAIN, mac_pj=1.0, precompute_pj=1.0, energies=bad),
        lambda bad: in_memory_energy([[1]], 1, IN_MEMORY, peripheral_pj=1.0, energies=bad),
    ):
        assert_refused(lambda call=call: call(1.0), "energies", "BitEnergies")
    assert_refused(lambda: in_memory_energy([[1]], 1, PLAIN, peripheral_pj=1.0), "placement")
    assert_refused(lambda: near_memory_energy(1, 1, 1, IN_MEMORY, mac_pj=1.0, precompute_pj=1.0), "placement")


# Grids


@pytest.mark.parametrize(
    "levels", [[], [0], [1, 2], [0, 2, 1], [0, 1, 1], [[0, 1]], 3, [0, -1], [0, math.inf], [0, "1"], None], ids=repr
)
def test_levels(levels: object) -> None:
    for call in (lambda: best_clip(levels), lambda: sqnr_db(levels, 1.0), lambda: clip_search([1.0], levels)):
        assert_refused(call, "levels")


def test_values_of_a_clip_search() -> None:
    for values in ([], 1.0, [[]], [math.nan], [1.0, math.inf], ["a"], [None], [1j]):
        assert_refused(lambda values=values: clip_search(values, [0, 1]), "values")
    for clip in (0.0, -1.0, math.nan, math.inf, "1", None):
        assert_refused(lambda clip=clip: sqnr_db([0, 1], clip), "clip")
