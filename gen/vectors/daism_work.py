"""Work for a bank of the in-SRAM multiplier: what is done, at random, and the sums that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdl.daism.layouts import sum_bits
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters, accumulate, multiply, product

Integers = NDArray[np.int64]
_EARLY = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Load:
    """Write ``operands``, one a lane, into ``group``; offered up to ``early`` cycles before it can be taken."""

    group: int
    operands: Integers
    early: int = 0


@dataclass(frozen=True, kw_only=True)
class Drive:
    """Drive ``operand`` against ``group``, for the sum in ``slot``."""

    operand: int
    group: int
    slot: int
    first: bool = False
    last: bool = False
    early: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Preset:
    """Put ``sums``, one a lane, into ``slot``."""

    slot: int
    sums: Integers
    early: int = 0


Action = Load | Drive | Preset


def random_operands(random: np.random.Generator, count: int, parameters: DaismParameters) -> Integers:
    """Operand words without infinities and NaN: any, near one, zeros and subnormals, limits; integers any or limits."""
    p = parameters
    n, last = p.significand_bits, (1 << p.significand_bits) - 1
    if not p.is_float:
        limits = random.choice(np.array([0, 1, last - 1, last, 1 << n - 1]), count)
        return np.where(random.random(count) < 0.3, limits, random.integers(0, last, count, endpoint=True))
    bits, top = n - 1, p.special_exponent
    exponents = [
        random.integers(0, top, count),
        random.integers(p.bias - 3, p.bias + 4, count),
        random.choice(np.array([0, 0, 1, 2, top - 2, top - 1]), count),
    ]
    exponent = np.choose(random.choice(3, count, p=(0.2, 0.6, 0.2)), exponents)
    corner = random.choice(np.array([0, 1, (1 << bits) - 1, 1 << bits - 1]), count)
    fraction = np.where(random.random(count) < 0.25, corner, random.integers(0, 1 << bits, count))
    return (random.integers(0, 2, count) << p.exponent_bits | exponent) << bits | fraction


def random_sums(random: np.random.Generator, count: int, parameters: DaismParameters) -> Integers:
    """Words of partial sums: finite, no subnormals; half of them of the size of a few products."""
    p, bits = parameters, sum_bits(parameters)
    if not p.is_float:
        return random.integers(0, 1 << 2 * p.significand_bits, count)
    fraction_bits = bits - 9
    exponent = np.where(random.random(count) < 0.5, random.integers(121, 134, count), random.integers(1, 255, count))
    fraction = random.integers(0, 1 << fraction_bits, count)
    word = (random.integers(0, 2, count) << 8 | exponent) << fraction_bits | fraction
    return np.where(random.random(count) < 0.1, 0, word)


def sparse_sums(random: np.random.Generator, count: int, parameters: DaismParameters) -> Integers:
    """`random_sums`; every second one of floats has a single fraction bit, and lies below one by up to a sum's bits.

    Where such a sum is aligned with a product, that bit is all that is shifted out.
    """
    p, fraction_bits = parameters, sum_bits(parameters) - 9
    sums = random_sums(random, count, p)
    if not p.is_float:
        return sums
    exponent = random.integers(124 - fraction_bits, 128, count)
    signed_exponent = random.integers(0, 2, count) << 8 | exponent
    sparse = signed_exponent << fraction_bits | 1 << random.integers(0, fraction_bits, count)
    return np.where(random.random(count) < 0.5, sparse, sums)


def random_actions(parameters: DaismParameters, drives: int, seed: int) -> list[Action]:
    """All groups loaded and all slots preset; then ``drives`` operands, with loads and presets between them.

    Slots come in runs of turns, as for interleaved positions, and at random; every sum ends now and then.
    """
    p, random = parameters, np.random.default_rng(seed)
    actions: list[Action] = [_load(random, group, p) for group in random.permutation(p.groups)]
    actions += [_preset(random, slot, p) for slot in range(p.interleave)]
    for place, operand in enumerate(random_operands(random, drives, p).tolist()):
        if random.random() < 0.02:
            actions.append(_load(random, int(random.integers(p.groups)), p))
        if random.random() < 0.03:
            actions.append(_preset(random, int(random.integers(p.interleave)), p))
        in_turn = place // (4 * p.interleave) % 2 == 0
        slot = place % p.interleave if in_turn else int(random.integers(p.interleave))
        actions.append(_drive(random, operand, slot, p))
    return actions


def _drive(random: np.random.Generator, operand: int, slot: int, p: DaismParameters) -> Drive:
    group = int(random.integers(p.groups))
    first, last = (bool(random.random() < 0.1) for _ in range(2))
    return Drive(operand=operand, group=group, slot=slot, first=first, last=last, early=int(random.integers(_EARLY)))


def _load(random: np.random.Generator, group: int, p: DaismParameters) -> Load:
    early = int(random.integers(2 * p.rows_per_group))
    return Load(group=int(group), operands=random_operands(random, p.lanes, p), early=early)


def _preset(random: np.random.Generator, slot: int, p: DaismParameters) -> Preset:
    return Preset(slot=slot, sums=sparse_sums(random, p.lanes, p), early=int(random.integers(_EARLY)))


def sums_after(actions: Sequence[Action], parameters: DaismParameters) -> list[Integers]:
    """For each action the sums of its slot in all lanes after it, by the golden model; no lanes for a load."""
    p, after = parameters, []
    addends = iter(_addends(actions, p))
    sums: dict[int, Integers] = {}
    for action in actions:
        if isinstance(action, Load):
            after.append(np.zeros(0, np.int64))
            continue
        if isinstance(action, Preset):
            sums[action.slot] = action.sums
        else:
            before = np.zeros(p.lanes, np.int64) if action.first else sums[action.slot]
            addend = next(addends)
            sums[action.slot] = add_word(before, addend, p) if p.is_float else before + (addend << p.drop)
        after.append(sums[action.slot])
    return after


def _addends(actions: Sequence[Action], p: DaismParameters) -> Integers:
    """The products of each drive in all lanes: float words, or kept columns of integers."""
    groups, stored, drivers = dict[int, Integers](), [], []
    for action in actions:
        if isinstance(action, Load):
            groups[action.group] = action.operands
        elif isinstance(action, Drive):
            stored.append(groups[action.group])
            drivers.append([action.operand])
    return (multiply if p.is_float else product)(np.array(stored), np.array(drivers), p)


def add_word(before: Integers, addend: Integers, parameters: DaismParameters) -> Integers:
    """Words of float sums after one product word more."""
    low = 24 - parameters.accumulator_significand_bits
    return accumulate(before << low, addend, parameters).astype(np.int64) >> low


def significands(operands: Integers, parameters: DaismParameters) -> Integers:
    """The significands of operand words, 0 for zeros and subnormals; integers as they are."""
    p = parameters
    if not p.is_float:
        return operands
    bits = p.significand_bits - 1
    zero = (operands >> bits & p.special_exponent) == 0
    return np.where(zero, 0, operands & (1 << bits) - 1 | 1 << bits)


def payload_fields(stream: str, parameters: DaismParameters) -> list[tuple[str, int]]:
    """The parts of a payload from the lowest bit up, and the bits of each word of them."""
    p = parameters
    group, slot = (index_bits(count) for count in (p.groups, p.interleave))
    return {
        "load": [("operands", p.word_bits), ("group", group)],
        "drive": [("operand", p.word_bits), ("group", group), ("slot", slot), ("first", 1), ("last", 1)],
        "preset": [("sums", sum_bits(p)), ("slot", slot)],
    }[stream]
