"""Workloads of the in-SRAM multiplier's lanes: dot products of normal operands, a product (or access) a cycle.

As in a layer, a stored operand meets the drivers of all interleaved positions before the next one comes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.vectors.daism_work import add_word, significands
from hdl.daism.lane import exact_parameters
from sim_models.daism import DaismParameters, multiply, product, row_contents, row_enables, to_words
from verif.checks_form import require_equal
from verif.workloads_form import SEED, Integers, Outputs, Workload

_TERMS = 32
_ROUNDS = 8
# Products that fill the pipeline before the measurement begins: more than any pipeline holds.
_LEAD = 64
_ACTION = "one multiply-accumulate"


def lane(parameters: DaismParameters) -> Workload:
    """The lane behind the array: words as the array gives them."""
    p = parameters
    stored, driver = _operands(p)
    rows, opened = row_contents(significands(stored, p), p), row_enables(significands(driver, p), p)
    words = np.bitwise_or.reduce(np.where(opened, rows[:, np.newaxis, :], 0), axis=-1)
    plan = _Plan(parameters=p, accesses=p.accesses, registered=True)
    inputs = {"word": words.ravel(), **plan.operand_ports(stored, driver)}
    if p.accesses == 2:
        inputs["hold"] = np.tile([1, 0], len(stored))
    return plan.workload(inputs, multiply(stored, driver, p) if p.is_float else product(stored, driver, p))


def exact_lane(parameters: DaismParameters) -> Workload:
    """The lane with an exact multiplier, on the same operands."""
    p = parameters
    stored, driver = _operands(p)
    plan = _Plan(parameters=p, accesses=1, registered=True)
    significand = {"multiplicand": significands(stored, p), "multiplier": significands(driver, p)}
    products = multiply(stored, driver, exact_parameters(p), exact=True) if p.is_float else stored * driver
    return plan.workload(significand | plan.operand_ports(stored, driver), products, drop=0)


def accumulator(parameters: DaismParameters) -> Workload:
    """The accumulator by itself, on the same products as the lane's."""
    p = parameters
    stored, driver = _operands(p)
    products = multiply(stored, driver, p) if p.is_float else product(stored, driver, p)
    return _Plan(parameters=p, accesses=1, registered=False).workload({"product": products}, products)


def float_lane(parameters: DaismParameters) -> Workload:
    """Sign, exponent and rounding of the same products, without registers.

    :raises ValueError: the parameters are those of integers.
    """
    p = parameters
    if not p.is_float:
        raise ValueError(f"operand_kind must be 'float' for the workload of a float lane, not {p.operand_kind!r}")
    stored, driver = _operands(p)
    ports = _Plan(parameters=p, accesses=1, registered=False).operand_ports(stored, driver)
    expected = {"product": multiply(stored, driver, p)}
    return Workload(
        action="one product",
        operations=len(stored) - 1,
        window=slice(1, len(stored)),
        inputs={"significand": product(significands(stored, p), significands(driver, p), p), **ports},
        check=lambda got: require_equal(got, expected, SEED),
    )


def _operands(p: DaismParameters) -> tuple[Integers, Integers]:
    """Stored and driver words of every product, in order: (rounds, terms, positions), flattened."""
    random = np.random.default_rng(SEED)
    shape = (_ROUNDS, _TERMS, p.interleave)
    stored = np.broadcast_to(random.standard_normal(shape[:2])[:, :, np.newaxis], shape).ravel()
    driver = random.standard_normal(shape).ravel()
    return operand_words(stored, p), operand_words(driver, p)


def operand_words(values: NDArray[np.float64], p: DaismParameters) -> Integers:
    """Words of normal numbers; for integers their magnitudes, four standard deviations being the range."""
    if p.is_float:
        return to_words(values, p)
    top = (1 << p.significand_bits) - 1
    return np.minimum(np.rint(np.abs(values) * top / 4), top).astype(np.int64)


def require_full_rate(parameters: DaismParameters, accesses: int) -> None:
    """Raise ValueError where slots in turn, a product in every ``accesses`` cycles, would wait for their sums."""
    p, limit = parameters, parameters.interleave * accesses
    if p.accumulate_latency > limit:
        raise ValueError(f"accumulate_latency must be at most {limit} for a workload, not {p.accumulate_latency}")


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Products back to back, the slots in turn, a sum of 32 products in each before the next ones begin.

    ``accesses``: cycles of a product; ``registered``: a register lies between its last word and the accumulator.
    """

    parameters: DaismParameters
    accesses: int
    registered: bool

    def __post_init__(self) -> None:
        require_full_rate(self.parameters, self.accesses)

    @property
    def count(self) -> int:
        """Products in all."""
        return _ROUNDS * _TERMS * self.parameters.interleave

    @property
    def added(self) -> Integers:
        """The cycle in which each product meets its sum."""
        return self.accesses * (np.arange(self.count) + 1) - 1 + self.registered

    @property
    def cycles(self) -> int:
        """Up to the cycle in which the last sum is shown."""
        return int(self.added[-1]) + self.parameters.accumulate_latency + 1

    def operand_ports(self, stored: Integers, driver: Integers) -> dict[str, Integers]:
        """What a lane needs beside the significands, held for all accesses of a product."""
        p = self.parameters
        ports = {"zero": (significands(driver, p) == 0).astype(np.int64)}
        if p.is_float:
            bits = p.significand_bits - 1
            exponent = (driver >> bits & p.special_exponent) - p.bias
            ports |= {"stored": stored >> bits, "sign": driver >> p.word_bits - 1, "exponent": exponent}
        return {name: np.repeat(words, self.accesses) for name, words in ports.items()}

    def workload(self, inputs: dict[str, Integers], products: Integers, drop: int | None = None) -> Workload:
        """The accumulator's ports beside ``inputs``; the sums are looked at when they are complete."""
        p, turns = self.parameters, np.arange(self.count)
        slots, ended = turns % p.interleave, turns // p.interleave % _TERMS == _TERMS - 1
        stored = self.added + p.accumulate_latency - 1
        shown = stored[ended] + 1
        ports = {name: self._by_cycle(np.arange(len(words)), words) for name, words in inputs.items()}
        first = (turns // p.interleave % _TERMS == 0).astype(np.int64)
        ports |= {"slot": self._by_cycle(self.added, slots), "first": self._by_cycle(self.added, first)}
        ports |= {"write_slot": self._by_cycle(stored, slots), "shown_slot": self._by_cycle(shown, slots[ended])}
        ports["write"] = np.zeros(self.cycles, np.int64)
        ports["write"][stored] = 1
        expected = {"sums": self._sums(products, p.drop if drop is None else drop)}

        def check(outputs: Outputs) -> int:
            return require_equal({"sums": outputs["shown_sum"][shown]}, expected, SEED)

        return Workload(
            action=_ACTION,
            operations=self.count - _LEAD,
            window=slice(_LEAD * self.accesses, self.count * self.accesses),
            inputs={**ports, "preset": np.zeros(self.cycles, np.int64), "preset_sum": np.zeros(self.cycles, np.int64)},
            check=check,
        )

    def _by_cycle(self, cycles: Integers, words: Integers) -> Integers:
        """Each word from its cycle on, until the next one comes; before the first the first."""
        places = np.searchsorted(cycles, np.arange(self.cycles), side="right") - 1
        return words[np.maximum(places, 0)]

    def _sums(self, products: Integers, drop: int) -> Integers:
        """The complete sums in the order in which they end, by the golden model."""
        p = self.parameters
        terms = products.reshape(_ROUNDS, _TERMS, p.interleave)
        sums = np.zeros((_ROUNDS, p.interleave), np.int64)
        for term in range(_TERMS):
            sums = add_word(sums, terms[:, term], p) if p.is_float else sums + (terms[:, term] << drop)
        return sums.ravel()
