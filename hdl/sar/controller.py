"""Controller of a plain successive approximation converter."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
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
        sampled = self._sample(m, accepted)
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

    def _sample(self, m: Module, accepted: Value) -> Value:
        """Show ``sample`` from a register, which never glitches; returns what is 1 in its last cycle."""
        sampled = Signal()
        left = Signal(range(self.parameters.sample_cycles), reset_less=True)
        m.d.comb += sampled.eq(self.sample & (left == 0))
        m.d.sync += [
            self.sample.eq(accepted | (self.sample & ~sampled)),
            left.eq(Mux(accepted, self.parameters.sample_cycles - 1, left - 1)),
        ]
        return sampled

    def _one_hot(self, m: Module, accepted: Value, sampled: Value) -> _Search:
        """A one runs down ``under_test``, beside the bits found."""
        bits = self.parameters.bits
        under_test = Signal(bits)
        found = Signal(bits, reset_less=True)
        searching = Signal()
        keep = ~accepted.replicate(bits)
        m.d.comb += searching.eq(under_test.any())
        m.d.sync += [
            under_test.eq(Cat(under_test[1:], sampled)),
            found.eq((found | (under_test & self.cmp.replicate(bits))) & keep),
        ]
        trial = under_test | (found & searching.replicate(bits))
        return _Search(self.sample | searching, searching, trial, found, under_test[0])

    def _in_code(self, m: Module, accepted: Value, sampled: Value) -> _Search:
        """The lowest one of the trial word marks the bit under test; without ``busy`` all bits are found."""
        bits = self.parameters.bits
        found = Signal(bits, reset_less=True)
        busy = Signal()
        above = [*found[1:], sampled]
        below: Value = ~busy
        following = []
        for place in range(bits):
            # At the lowest one the comparison decides; the place below the lowest one is tested next.
            decided = Mux(found[place], self.cmp, above[place])
            following.append(Mux(below, found[place], decided) & ~accepted)
            reached = Signal(name=f"reached_{place}")
            m.d.comb += reached.eq(below | found[place])
            below = reached
        last = found[0] & busy
        m.d.sync += [busy.eq(accepted | (busy & ~last)), found.eq(Cat(following))]
        trial = found & busy.replicate(bits)
        return _Search(busy, busy & ~self.sample, trial, found, last)
