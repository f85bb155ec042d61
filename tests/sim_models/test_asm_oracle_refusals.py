"""Bad words and shapes for alphabet sets: ValueError, on one line that names parameter, limits and value."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from sim_models.asm import AsmParameters, decode, encode, matmul, product, round_weights, supported_values
from sim_models.asm.bit_energies import bit_energies
from sim_models.asm.coding import decode_inputs, decode_joint, encode_inputs, encode_joint, round_inputs
from sim_models.asm.control import is_supported, supported_quartets
from sim_models.asm.cycles import in_memory_cycles, near_memory_cycles
from sim_models.asm.energy import in_memory_energy, near_memory_energy, von_neumann_energy
from sim_models.asm.program import micro_operations
from sim_models.asm.rounding import rounding_table
from tests.sim_models.daism_refused import assert_refused

PLAIN = AsmParameters()
SIGNED = AsmParameters(input_signed=True)
CODED = AsmParameters(encode_weights=True, encode_inputs=True)
IN_MEMORY = AsmParameters(placement="in_memory")


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 16])
def test_magnitudes_out_of_range(bits: int, inside: bool) -> None:
    p = AsmParameters(weight_bits=bits, sign_inside=inside)
    limit = 2 ** (bits - inside)
    for call, name in ((round_weights, "magnitudes"), (is_supported, "magnitudes")):
        assert_refused(lambda call=call: call(-1, p), name, "0", "-1")
        assert_refused(lambda call=call: call([0, limit], p), name, str(limit - 1), str(limit))
        assert_refused(lambda call=call: call(2**62, p), name, str(2**62))
    for call, name in ((encode, "weights"), (lambda w, p: product(w, 1, p), "weights")):
        assert_refused(lambda call=call: call(limit, p), name, str(limit - 1), str(limit))
        assert_refused(lambda call=call: call([0, -limit], p), name, str(limit))
        assert_refused(lambda call=call: call(-(2**63), p), name, str(2**63))
    assert_refused(lambda: matmul([[1]], [[limit]], p), "w", str(limit - 1), str(limit))
    assert_refused(lambda: matmul([[1]], [[-limit]], p), "w", str(limit))


@pytest.mark.parametrize("alphabets", [(1,), (1, 3), (1, 3, 5, 7), (1, 15)])
def test_weights_off_the_grid(alphabets: tuple[int, ...]) -> None:
    """Rounding is never done unasked; the set is named."""
    p = AsmParameters(alphabets=alphabets)
    grid = supported_values(p).tolist()
    for word in [word for word in range(256) if word not in grid][::7]:
        for weight in (word, -word):
            parts = (str(alphabets), str(word))
            assert_refused(lambda w=weight: product(w, 1, p), "weights", *parts)
            assert_refused(lambda w=weight: product([grid[1], w], [1, 0], p), "weights", *parts)
            assert_refused(lambda w=weight: encode(w, p), "weights", *parts)
            assert_refused(lambda w=weight: matmul([[0]], [[w]], p), "w", *parts)
            assert_refused(lambda w=weight: matmul([[1]], [[grid[1], w]], [p, p]), "w", *parts)


def test_each_channel_has_its_own_grid() -> None:
    two, four = AsmParameters(), AsmParameters(alphabets=(1, 3, 5, 7))
    assert matmul([[2]], [[3, 5]], [two, four]).tolist() == [[6, 10]]
    assert_refused(lambda: matmul([[2]], [[3, 5]], [four, two]), "w", "(1, 3)", "5")


def test_inputs() -> None:
    for call, name in (
        (lambda x, p: product(1, x, p), "inputs"),
        (lambda x, p: matmul([[x]], [[1]], p), "x"),
        (encode_inputs, "values"),
        (round_inputs, "values"),
    ):
        assert_refused(lambda call=call: call(-1, PLAIN), name, "0", "-1")
        assert_refused(lambda call=call: call(256, PLAIN), name, "255", "256")
        assert_refused(lambda call=call: call(256, SIGNED), name, "255", "256")
        assert_refused(lambda call=call: call(-256, SIGNED), name, "-255", "-256")
        assert np.size(call(-255, SIGNED)) == np.size(call(255, PLAIN)) == 1
        if call is not round_inputs:
            assert_refused(lambda call=call: call(5, CODED), name, "(1, 3)", "5")
            assert_refused(lambda call=call: call(0x59, CODED), name, "(1, 3)", str(0x59))


def test_joint_codes() -> None:
    for code in (-1, 25, 31, 32):
        assert_refused(lambda code=code: decode_joint(code), "codes", str(code))
    for magnitude in (-1, 3, 0x33, 256):
        assert_refused(lambda magnitude=magnitude: encode_joint(magnitude), "magnitudes", str(magnitude))


def test_places_of_quartets() -> None:
    for place in (-1, 2, 1.0, True, None):
        assert_refused(lambda place=place: supported_quartets(PLAIN, place), "place", repr(place))


NO_ARRAYS = [1.0, [1.5], "1", None, [None], np.array([1.0]), np.array([1 << 70], object), True, [True], 1j, b"1"]
WORDS: list[Callable[[object], object]] = [
    lambda values: round_weights(values, PLAIN),
    lambda values: is_supported(values, PLAIN),
    lambda values: encode(values, PLAIN),
    lambda values: decode(values, PLAIN),
    lambda values: encode_inputs(values, PLAIN),
    lambda values: decode_inputs(values, PLAIN),
    lambda values: round_inputs(values, PLAIN),
    encode_joint,
    decode_joint,
    lambda values: product(values, 1, PLAIN),
    lambda values: product(1, values, PLAIN),
    lambda values: matmul([[values]], [[1]], PLAIN),
    lambda values: matmul([[1]], [[values]], PLAIN),
    lambda values: micro_operations([values], IN_MEMORY),
    lambda values: in_memory_cycles([[values]], 1, IN_MEMORY),
    lambda values: in_memory_energy([[values]], 1, IN_MEMORY, peripheral_pj=1.0),
]


@pytest.mark.parametrize("values", NO_ARRAYS, ids=repr)
def test_arrays_that_are_no_integers(values: object) -> None:
    for call in WORDS:
        assert_refused(lambda call=call: call(values), "integers")


@pytest.mark.parametrize("bad", [None, 8, "AsmParameters", {"weight_bits": 8}, AsmParameters], ids=repr)
def test_parameters_of_another_kind(bad: object) -> None:
    for call in (
        rounding_table,
        supported_values,
        supported_quartets,
        lambda p: round_weights(1, p),
        lambda p: is_supported(1, p),
        lambda p: encode(1, p),
        lambda p: decode(1, p),
        lambda p: encode_inputs(1, p),
        lambda p: decode_inputs(1, p),
        lambda p: round_inputs(1, p),
        lambda p: product(1, 1, p),
        lambda p: near_memory_cycles(1, 1, 1, p),
        lambda p: in_memory_cycles([[1]], 1, p),
        lambda p: micro_operations([1], p),
        bit_energies,
        lambda p: von_neumann_energy(1, 1, 1, p, exact_mac_pj=1.0),
        lambda p: near_memory_energy(1, 1, 1, p, mac_pj=1.0, precompute_pj=1.0),
        lambda p: in_memory_energy([[1]], 1, p, peripheral_pj=1.0),
        lambda p: matmul([[1]], [[1]], [p]),
    ):
        assert_refused(lambda call=call: call(bad), "parameters")
    assert_refused(lambda: matmul([[1]], [[1]], bad))


# Shapes


@pytest.mark.parametrize(
    ("x", "w", "parts"),
    [
        ([[1, 2]], [[1]], ("2", "1")),
        ([1, 2, 3], [[1], [2]], ("3", "2")),
        ([[1]], [1], ("w", "(1,)")),
        ([[1]], 1, ("w", "()")),
        ([[1]], [[[1]]], ("w", "(1, 1, 1)")),
        (1, [[1]], ("x", "()")),
        ([], [[1]], ("x", "(0,)")),
        (np.zeros((0, 1), int), [[1]], ("x", "(0, 1)")),
        (np.zeros((2, 0, 1), int), [[1]], ("x", "(2, 0, 1)")),
        ([[1]], np.zeros((1, 0), int), ("w", "(1, 0)")),
        (np.zeros((1, 0), int), np.zeros((0, 1), int), ("w", "(0, 1)")),
    ],
)
def test_shapes_of_a_matrix_product(x: object, w: object, parts: tuple[str, ...]) -> None:
    assert_refused(lambda: matmul(x, w, PLAIN), *parts)


def test_operands_that_do_not_broadcast() -> None:
    assert_refused(lambda: product([1, 2], [1, 2, 3], PLAIN), "broadcast", "(2,)", "(3,)")


def test_a_longer_reduction_than_the_accumulator_holds() -> None:
    for length in (1, 2, 5):
        p = AsmParameters(reduction_length=length)
        assert matmul([1] * length, [[1]] * length, p).tolist() == [length]
        parts = ("reduction_length", str(length), str(length + 1))
        assert_refused(lambda p=p, length=length: matmul([1] * (length + 1), [[1]] * (length + 1), p), *parts)
        assert_refused(lambda p=p, length=length: matmul([1] * (length + 1), [[1]] * (length + 1), [p]), *parts)
        inside = dataclasses.replace(p, placement="in_memory")
        assert_refused(lambda p=inside, length=length: in_memory_cycles([[1]] * (length + 1), 1, p), *parts)


def test_parameters_per_channel() -> None:
    w = [[1, 2, 4]]
    for count in (0, 1, 2, 4):
        assert_refused(lambda count=count: matmul([[1]], w, [PLAIN] * count), "parameters", "3", str(count))
    for fields in ({"weight_bits": 4}, {"input_bits": 4}, {"sign_inside": True}, {"lanes": 2}, {"input_signed": True}):
        other = AsmParameters(alphabets=(1, 5), **fields)
        assert_refused(lambda other=other: matmul([[1]], w, [PLAIN, PLAIN, other]), "parameters", "alphabets")
    assert_refused(lambda: matmul([[1]], w, [PLAIN, CODED, AsmParameters(alphabets=(1, 5))]), "parameters", "alphabets")
