"""Controller of a plain successive approximation converter."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.sampling import add_sampling
from hdl.sar.search_register import searched_on
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.sar import SarParameters


class _Search(NamedTuple):
    """What a search register shows: sampling or searching, searching, the word to compare with, the bits found so far,
    and the last cycle of the search."""

    busy: Value
    searching: Value
    trial: Value
    found: Value
    last: Value


class SarController(Block):
    """Binary search for the largest code whose voltage does not exceed the input's, one bit a cycle from the top.

    Ports: ``start``; ``sample`` (1 for ``sample_cycles`` cycles, in which the input is tracked); ``dac`` (the word to
    compare with, 0 outside the search); ``comparator_enable`` (1 in the search); ``cmp`` (1 if the input is at least
    ``dac``, in the same cycle); ``done`` (1 for a cycle); ``code`` (the result, from ``done`` until the next start is
    accepted); ``ops`` (comparisons of a conversion); ``overrun``. All numbers are unsigned.

    A start is accepted when nothing is under way, the cycle of ``done`` included; any other is ignored and sets
    ``overrun`` until reset. Latency from an accepted start to ``done``: ``sample_cycles + bits + 1`` cycles, which is
    also the shortest period.

    The register ``one_hot`` is the usual pair of a sequencer and a code register, ``in_code`` follows A. Rossi and
    G. Fucili, "Nonredundant successive approximation register for A/D converters", Electronics Letters 32, 1996.

    Raises ValueError for ``parameters`` that are no ``SarParameters``.
    """

    def __init__(self, *, parameters: SarParameters) -> None:
        require_instance("parameters", parameters, SarParameters)
        self.parameters = p = parameters
        word = IntegerFormat(kind="unsigned", width=p.bits)
        self.formats = {"dac": word, "code": word, "ops": IntegerFormat(kind="unsigned", width=p.operations_width)}
        super().__init__(
            {
                "start": In(1),
                "sample": Out(1),
                "dac": Out(p.bits),
                "comparator_enable": Out(1),
                "cmp": In(1),
                "done": Out(1),
                "code": Out(p.bits),
                "ops": Out(p.operations_width),
                "overrun": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        accepted = Signal()
        sampled = add_sampling(m, self.sample, accepted, self.parameters.sample_cycles)
        build = self._one_hot if self.parameters.register == "one_hot" else self._in_code
        search = build(m, accepted, sampled)
        m.d.comb += [
            accepted.eq(self.start & ~search.busy),
            self.comparator_enable.eq(search.searching),
            self.dac.eq(search.trial),
            self.code.eq(search.found),
            self.ops.eq(self.parameters.bits),
        ]
        m.d.sync += [
            self.done.eq(search.last),
            self.overrun.eq(self.overrun | (self.start & search.busy)),
        ]
        return m

    def _one_hot(self, m: Module, accepted: Value, sampled: Value) -> _Search:
        """A one runs down ``under_test``, beside the bits found."""
        bits = self.parameters.bits
        under_test = Signal(bits)
        found = Signal(bits, reset_less=True)
        searching = Signal()
        m.d.comb += searching.eq(under_test.any())
        m.d.sync += [
            under_test.eq(Cat(under_test[1:], sampled)),
            found.eq(found | (under_test & self.cmp.replicate(bits))),
        ]
        with m.If(accepted):
            m.d.sync += found.eq(0)
        trial = under_test | (found & searching.replicate(bits))
        return _Search(self.sample | searching, searching, trial, found, under_test[0])

    def _in_code(self, m: Module, accepted: Value, sampled: Value) -> _Search:
        """The lowest one of the trial word marks the bit under test; outside the search all bits are found."""
        bits = self.parameters.bits
        found = Signal(bits, reset_less=True)
        searching = Signal()
        last = Signal()
        m.d.comb += last.eq(found[0] & searching)
        m.d.sync += [
            searching.eq(sampled | (searching & ~last)),
            found.eq(searched_on(m, found, ~searching, self.cmp)),
        ]
        with m.If(sampled):
            m.d.sync += found.eq(1 << bits - 1)
        trial = found & searching.replicate(bits)
        return _Search(self.sample | searching, searching, trial, found, last)
