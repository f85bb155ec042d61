"""Controller of a twin-range converter: finds the range, then searches it and stops early."""

from typing import NamedTuple

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.configuration import configuration_layout
from hdl.sar.sampling import add_sampling
from hdl.sar.search_register import searched_on
from hdl.sar.trial_word import trial_word
from sim_models.arith import IntegerFormat
from sim_models.arith.checking import require_instance
from sim_models.sar.registers import has_detours
from sim_models.sar.twin_range import TrqControllerParameters


class _Result(NamedTuple):
    """Registers: the bits found, with the one under test as the lowest, and the range."""

    found: Signal
    in_r2: Signal


class _Detection(NamedTuple):
    """``low``: the start of R1 is asked for. By the answer, the search of R2 begins (``upper``), or the start of R1 is
    asked for next (``again``)."""

    low: Value
    upper: Value
    again: Value


class TrqController(Block):
    """Twin-range search: one comparison (two where R1 is away from 0) finds the range, the others search it.

    Ports beside those of `hdl.sar.SarController`: ``registers`` (`configuration_layout`; legal, and constant from the
    cycle after an accepted start to ``done``); ``busy`` (from there to the cycle before ``done``); ``dac_enable`` (1
    from sampling to the last comparison); ``flag`` (1: R2). ``comparator_enable`` is 1 where ``cmp`` is used; a trial
    whose answer is known takes its cycle without. ``code`` has every bit at its own weight. ``code``, ``flag`` and
    ``ops`` (comparisons made) hold from ``done`` until the next start is accepted, ``ops`` while ``registers`` does.

    The bit under test is the lowest one of the trial word, as in the register ``in_code`` of the plain controller. To
    tell the ranges apart is then an ordinary step: the word is ``r1_size``, the answer 0 leads to the bit below it,
    and the answer 1 to the first bit of R2. Where R1 is away from 0, the register keeps ``r1_size`` for both questions.

    Latency from an accepted start to ``done``: ``sample_cycles``, the cycles of the search, and 1. Raises ValueError
    for ``parameters`` that are no ``TrqControllerParameters``. Source: twin ranges and early stop are of Zhang et al.,
    arXiv 2402.06164 (DATE 2024); the order of comparisons and the circuit are bitline's.
    """

    def __init__(self, *, parameters: TrqControllerParameters) -> None:
        require_instance("parameters", parameters, TrqControllerParameters)
        self.parameters = p = parameters
        word = IntegerFormat(kind="unsigned", width=p.bits)
        self.formats = {"dac": word, "code": word, "ops": IntegerFormat(kind="unsigned", width=p.operations_width)}
        super().__init__(
            {
                "registers": In(configuration_layout(p)),
                "start": In(1),
                "sample": Out(1),
                "dac": Out(p.bits),
                "dac_enable": Out(1),
                "comparator_enable": Out(1),
                "cmp": In(1),
                "busy": Out(1),
                "done": Out(1),
                "flag": Out(1),
                "code": Out(p.bits),
                "ops": Out(p.operations_width),
                "overrun": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, registers = self.parameters, self.registers
        accepted, searching, known, at_end, last = Signal(), Signal(), Signal(), Signal(), Signal()
        result = _Result(Signal(p.bits, name="found", reset_less=True), Signal(name="in_r2", reset_less=True))
        found, in_r2 = result
        sampled = add_sampling(m, self.sample, accepted, p.sample_cycles)
        detection = self._detect(m, sampled, searching)
        trial = trial_word(m, p, registers, found, searching, detection.low, in_r2)
        hold = ~searching | detection.again
        keep = (self.cmp & ~detection.low & ~trial.forced) | trial.passed
        self._search(m, result, accepted, sampled, searched_on(m, found, hold, keep, at_end), detection.upper)
        self._count(m, in_r2, sampled, (searching & known) | (detection.low & ~self.cmp))
        m.d.comb += [
            known.eq(trial.passed | trial.forced),
            at_end.eq((found & registers.stop1).any() | (in_r2 & (found & registers.stop2).any())),
            last.eq(searching & self._ended(at_end, detection)),
            accepted.eq(self.start & ~self.busy),
            self.busy.eq(self.sample | searching),
            self.dac.eq(trial.word),
            self.comparator_enable.eq(searching & ~known),
            self.dac_enable.eq(self.sample | (searching & ~(known & at_end))),
            self.code.eq(found),
            self.flag.eq(in_r2),
        ]
        m.d.sync += [
            searching.eq(sampled | (searching & ~last)),
            self.done.eq(last),
            self.overrun.eq(self.overrun | (self.start & self.busy)),
        ]
        return m

    def _detect(self, m: Module, sampled: Value, searching: Value) -> _Detection:
        """The questions for the range: the end of R1 after sampling, then its start where that is not known.

        They have no reset: one that outlives it is over before the next search, and nothing follows from it.
        """
        high, low, upper, again = Signal(reset_less=True), Signal(reset_less=True), Signal(), Signal()
        m.d.sync += high.eq(sampled)
        if not self.parameters.support_base:
            m.d.comb += upper.eq(searching & high & self.cmp)
            return _Detection(Const(0), upper, Const(0))
        m.d.sync += low.eq(again)
        m.d.comb += [
            again.eq(high & ~self.cmp & self.registers.has_base),
            upper.eq(searching & Mux(self.cmp, high, low)),
        ]
        return _Detection(low, upper, again)

    def _search(
        self, m: Module, result: _Result, accepted: Value, sampled: Value, following: Value, upper: Value
    ) -> None:
        """Cleared by a start, then ``r1_size``, from which the search goes on, maybe in R2."""
        bits = self.parameters.bits
        first = self.registers.start2 if self.parameters.support_after_r1 else Const(1 << bits - 1, bits)
        m.d.sync += result.found.eq(following | (self.registers.r1_size & sampled.replicate(bits)))
        with m.If(accepted | upper):
            m.d.sync += [result.found.eq(first & upper.replicate(bits)), result.in_r2.eq(upper)]

    def _ended(self, at_end: Value, detection: _Detection) -> Value:
        """Whether this trial is the last one of the search."""
        ended = at_end & ~detection.upper & ~detection.again
        return ended | (detection.upper & self.registers.r2_single) if self.parameters.support_after_r1 else ended

    def _count(self, m: Module, in_r2: Value, sampled: Value, detour: Value) -> None:
        """``ops`` follows from the range and from whether there was a ``detour`` in R2."""
        upper: Value = self.registers.operations_r2
        if has_detours(self.parameters):
            detoured = Signal(reset_less=True)
            m.d.sync += detoured.eq(~sampled & (detoured | detour))
            upper = Mux(detoured, self.registers.operations_r2_detour, upper)
        m.d.comb += self.ops.eq(Mux(in_r2, upper, self.registers.operations_r1))
