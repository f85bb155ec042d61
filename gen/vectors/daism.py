"""Vectors for the benches of the in-SRAM multiplier's bank, its lanes and its accumulator."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gen.vectors.daism_work import (
    Action,
    Drive,
    Integers,
    Load,
    add_word,
    payload_fields,
    random_actions,
    random_operands,
    significands,
    sparse_sums,
    sums_after,
)
from gen.vectors.nmpu import pack
from hdl.daism.lane import exact_parameters
from sim_models.daism import DaismParameters, multiply, product, row_contents, row_enables, to_values

SEED = 230507376
DRIVES = 300
PRODUCTS = 1000


def bank_vectors(parameters: DaismParameters) -> dict[str, Any]:
    """Random work, and work at full rate with the slots in turn; each action with the sums that it leaves."""
    p = parameters
    random = random_actions(p, DRIVES, SEED)
    return {
        "seed": SEED,
        "lanes": p.lanes,
        "slots": p.interleave,
        "rows_per_group": p.rows_per_group,
        "accesses": p.accesses,
        "accumulate_latency": p.accumulate_latency,
        "random": _actions(random, p),
        "steady": _actions(_steady_actions(p), p),
        "counts": _counts(random, p),
    }


def _steady_actions(p: DaismParameters) -> list[Action]:
    """Every group loaded; then two sums in each slot, begun and ended, the slots taking turns."""
    random = np.random.default_rng(SEED)
    loads = [Load(group=group, operands=random_operands(random, p.lanes, p)) for group in range(p.groups)]
    turns, drives = 4, []
    for place, operand in enumerate(random_operands(random, 2 * turns * p.interleave, p).tolist()):
        turn = place // p.interleave % turns
        group, slot = int(random.integers(p.groups)), place % p.interleave
        drives.append(Drive(operand=operand, group=group, slot=slot, first=turn == 0, last=turn == turns - 1))
    return [*loads, *drives]


def _actions(actions: Sequence[Action], p: DaismParameters) -> list[dict[str, Any]]:
    described = []
    for action, sums in zip(actions, sums_after(actions, p), strict=True):
        stream = type(action).__name__.lower()
        fields = payload_fields(stream, p)
        words = [(word, bits) for name, bits in fields for word in np.atleast_1d(getattr(action, name)).tolist()]
        entry: dict[str, Any] = {"stream": stream, "payload": pack(words), "sums": sums.tolist()}
        if not isinstance(action, Load):
            entry |= {"slot": action.slot, "last": int(isinstance(action, Drive) and action.last)}
        described.append(entry)
    return described


def _counts(actions: Sequence[Action], p: DaismParameters) -> dict[str, int]:
    """What the bank's counters show in the end."""
    operands = np.array([action.operand for action in actions if isinstance(action, Drive)], np.int64)
    drivers = significands(operands, p)
    skipped = p.accesses * int((drivers == 0).sum()) * p.zero_skip
    return {
        "access_count": p.accesses * len(drivers) - skipped,
        "skipped_count": skipped,
        "row_write_count": p.rows_per_group * sum(isinstance(action, Load) for action in actions),
        "wordline_count": int(row_enables(drivers, p).sum()),
    }


def lane_vectors(parameters: DaismParameters, count: int = PRODUCTS, seed: int = SEED) -> dict[str, Any]:
    """Ports of `hdl.daism.DaismLane` by cycle, and the sums that it shows."""
    p = parameters
    plan = _Turns(p, count, seed, p.accesses)
    stored, driver = plan.operands(p)
    significand = significands(driver, p)
    rows, opened = row_contents(significands(stored, p), p), row_enables(significand, p)
    words = np.bitwise_or.reduce(np.where(opened, rows[:, np.newaxis, :], 0), axis=-1)
    if p.zero_skip:
        words[significand == 0] = (1 << p.kept) - 1  # whatever was read last
    inputs = plan.inputs | {"word": plan.by_cycle(plan.begin[:, np.newaxis] + np.arange(p.accesses), words)}
    if p.accesses == 2:
        inputs["hold"] = plan.by_cycle(plan.begin, np.ones(count, np.int64))
    inputs |= _operand_ports(plan, stored, driver, p)
    products = multiply(stored, driver, p) if p.is_float else product(stored, driver, p)
    return plan.vectors(inputs, products)


def exact_lane_vectors(parameters: DaismParameters, count: int = PRODUCTS, seed: int = SEED) -> dict[str, Any]:
    """Ports of `hdl.daism.ExactLane` by cycle, and the sums that it shows."""
    p = parameters
    plan = _Turns(exact_parameters(p), count, seed, 1)
    stored, driver = plan.operands(p)
    operands = {"multiplicand": significands(stored, p), "multiplier": significands(driver, p)}
    inputs = plan.inputs | {name: plan.by_cycle(plan.begin, words) for name, words in operands.items()}
    inputs |= _operand_ports(plan, stored, driver, p)
    products = exact_words(stored, driver, p) if p.is_float else stored * driver
    return plan.vectors(inputs, products)


def accumulator_vectors(parameters: DaismParameters, count: int = PRODUCTS, seed: int = SEED) -> dict[str, Any]:
    """Ports of `hdl.daism.Accumulator` by cycle, and the sums that it shows."""
    p = parameters
    plan = _Turns(p, count, seed, 0)
    stored, driver = plan.operands(p)
    products = multiply(stored, driver, p) if p.is_float else product(stored, driver, p)
    return plan.vectors(plan.inputs | {"product": plan.by_cycle(plan.begin, products)}, products)


def exact_words(stored: Integers, driver: Integers, parameters: DaismParameters) -> Integers:
    """Product words of the exact product of significands, by way of double precision, which holds it."""
    p = exact_parameters(parameters)
    bits = p.product_fraction_bits
    fraction, exponent = np.frexp(np.abs(to_values(stored, p) * to_values(driver, p)))
    scaled = np.ldexp(fraction, bits + 1)
    significand = (np.rint(scaled) if p.product_rounding == "rne" else np.floor(scaled)).astype(np.int64)
    # The hidden one adds itself to the exponent field, and so does a carry out of the rounding.
    magnitude = (exponent.astype(np.int64) + p.bias - 2 << bits) + significand
    magnitude = np.where((fraction == 0) | (magnitude < 1 << bits), 0, magnitude)
    limit = (p.special_exponent << bits) - (p.saturate_to == "max_finite")
    sign = (stored ^ driver) >> p.word_bits - 1
    return sign << p.exponent_bits + bits | np.minimum(magnitude, limit)


def _operand_ports(plan: "_Turns", stored: Integers, driver: Integers, p: DaismParameters) -> dict[str, Integers]:
    """Ports that a lane needs beside the significands, in the cycle of a product's last word."""
    cycles = plan.begin + p.accesses - 1 if plan.words == p.accesses else plan.begin
    ports = {"zero": significands(driver, p) == 0}
    if p.is_float:
        bits = p.significand_bits - 1
        ports |= {
            "stored": stored >> bits,
            "sign": driver >> p.word_bits - 1,
            "exponent": (driver >> bits & p.special_exponent) - p.bias,
        }
    return {name: plan.by_cycle(cycles, words.astype(np.int64)) for name, words in ports.items()}


class _Turns:
    """Products of one lane, a slot each at random; all slots are preset first, some again in between.

    ``words``: cycles that a product takes before it is in the lane's register, 0 if there is none. ``ones``: products
    that are one; each meets a preset, and half of those have a single bit that is then shifted out.
    """

    def __init__(self, parameters: DaismParameters, count: int, seed: int, words: int) -> None:
        self.parameters, self.words, self._seed = parameters, words, seed
        self._random = np.random.default_rng(seed + 1)
        self.slots = self._random.integers(0, parameters.interleave, count)
        self.first = self._random.random(count) < 0.05
        self.begin = np.zeros(count, np.int64)
        self.ones: list[int] = []
        self._presets: list[tuple[int, int, int, int]] = []
        self._place()

    def _place(self) -> None:
        p, now, taken = self.parameters, self.parameters.interleave + 1, dict[int, int]()
        values = sparse_sums(self._random, p.interleave + len(self.slots), p)
        self._presets = [(slot, slot, int(values[slot]), 0) for slot in range(p.interleave)]
        spacing, drained = max(1, self.words), self.words + p.accumulate_latency
        for place, slot in enumerate(self.slots.tolist()):
            if self._random.random() < 0.1:
                now += drained  # nothing is under way for any slot
                self._presets.append((now - 1, slot, int(values[p.interleave + place]), place))
                self.ones += [place] * (self._random.random() < 0.5)
            now = max(now, taken.get(slot, 0) + p.accumulate_latency)
            self.begin[place] = taken[slot] = now
            now += spacing

    def operands(self, parameters: DaismParameters) -> tuple[Integers, Integers]:
        """Stored and driver operand of each product."""
        p, count = parameters, len(self.slots)
        stored, driver = random_operands(np.random.default_rng(self._seed), 2 * count, p).reshape(2, count)
        stored[self.ones] = driver[self.ones] = p.bias << p.significand_bits - 1 if p.is_float else 1
        return stored, driver

    @property
    def shown(self) -> Integers:
        """The cycle in which each sum is readable."""
        return self.begin + self.words + self.parameters.accumulate_latency

    def by_cycle(self, cycles: Integers, words: Integers) -> Integers:
        """``words`` in their ``cycles``, 0 elsewhere."""
        values = np.zeros(int(self.shown[-1]) + 1, np.int64)
        values[cycles] = words.reshape(cycles.shape)
        return values

    @property
    def inputs(self) -> dict[str, Integers]:
        """The ports that say where products go."""
        added, stored = self.begin + self.words, self.shown - 1
        inputs = {
            "slot": self.by_cycle(added, self.slots),
            "first": self.by_cycle(added, self.first.astype(np.int64)),
            "write": self.by_cycle(stored, np.ones(len(stored), np.int64)),
            "write_slot": self.by_cycle(stored, self.slots),
            "shown_slot": self.by_cycle(self.shown, self.slots),
        }
        cycles, slots, sums, _ = np.array(self._presets).T
        ones = np.ones(len(cycles), np.int64)
        for name, words in (("write", ones), ("write_slot", slots)):
            inputs[name][cycles] = words
        return inputs | {"preset": self.by_cycle(cycles, ones), "preset_sum": self.by_cycle(cycles, sums)}

    def vectors(self, inputs: dict[str, Integers], products: Integers) -> dict[str, Any]:
        """The ports, and cycle and word of each sum."""
        ports = {name: words.tolist() for name, words in inputs.items()}
        return {"inputs": ports, "cycles": self.shown.tolist(), "sums": self._sums(products).tolist()}

    def _sums(self, products: Integers) -> Integers:
        """The sum after each product: what begins anew goes side by side, the rest one after the other."""
        p, (before, previous, rank) = self.parameters, self._chains()
        after = np.zeros(len(products), np.int64)
        for place in range(int(rank.max()) + 1):
            chosen = np.flatnonzero(rank == place)
            held = before[chosen] if place == 0 else after[previous[chosen]]
            addend = products[chosen]
            after[chosen] = add_word(held, addend, p) if p.is_float else held + (addend << p.drop)
        return after

    def _chains(self) -> tuple[Integers, Integers, Integers]:
        """For each product what its sum begins with, if it is the first; the product before; its place in the sum."""
        before, previous, rank = (np.zeros(len(self.slots), np.int64) for _ in range(3))
        presets = sorted(self._presets, key=lambda preset: preset[3])
        begins: dict[int, int] = {}
        latest: dict[int, int] = {}
        for place, slot in enumerate(self.slots.tolist()):
            while presets and presets[0][3] <= place:
                _, where, begins[where], _ = presets.pop(0)
                latest.pop(where, None)
            if slot in latest and not self.first[place]:
                previous[place] = latest[slot]
                rank[place] = rank[latest[slot]] + 1
            else:
                before[place] = 0 if self.first[place] else begins[slot]
            latest[slot] = place
        return before, previous, rank
