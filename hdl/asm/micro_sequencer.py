"""The sequencer: turns stored words of weights into micro-operations of the array."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.asm.cover import covers
from hdl.asm.decoder import CodeDecoder, QuartetDecoder
from hdl.asm.in_memory_layouts import SHIFTS, operation_layout, weights_layout
from hdl.block import Block
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.asm.coding import code_values
from sim_models.asm.in_memory import COUNT_BITS, InMemoryParameters
from sim_models.asm.program import accumulator_row, triple_row, zero_row


class MicroSequencer(Block):
    """Micro-operations that accumulate one output after the other in a pass, as `sim_models.asm.program` has them.

    A code is READ of X, or of 3X, and ADD or SUB to its quartet's accumulator; alphabet 3 whose 3X has no row is that
    twice, of X shifted by one more the second time. A code of zero is nothing with ``zero_skip``, else READ of the row
    of zeros and ADD.

    * ``begin``: a pass begins; with ``inputs`` and ``outputs``, which stay: its numbers of both.
    * ``weights``: stream of stored words, ``transfer_words`` consecutive inputs a transfer; every output begins a
      transfer, and words beyond its inputs are left out. One transfer is kept, and taken ahead.
    * ``run``: ``operation`` may be carried out in this cycle; it is none while words are missing, and without ``run``.
    * ``ends``: in this cycle the last operation of an output is carried out, or it is found that there are no more.
    * ``error``: a refused code or unsupported quartet was used, which adds 0; until ``clear`` (a new error prevails) or
      reset. With ``unsupported='dont_care'`` always 0, and the sum anything.

    The first code of the transfer that is not done is found by its lowest bit, so that codes of zero between others
    take no cycle. A transfer without any code takes one. Reset forgets the transfer and the pass.
    Raises ValueError for ``parameters`` that are no ``InMemoryParameters``. Source: bitline's, for arXiv 2302.01990.
    """

    def __init__(self, *, parameters: InMemoryParameters) -> None:
        require_instance("parameters", parameters, InMemoryParameters)
        self.parameters = p = parameters
        super().__init__(
            {
                "begin": In(1), "inputs": In(p.inputs_per_pass.bit_length()), "outputs": In(COUNT_BITS),
                "weights": In(stream.Signature(weights_layout(p))),
                "run": In(1), "operation": Out(operation_layout(p)), "ends": Out(1),
                "clear": In(1), "error": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        full, last, done = Signal(), Signal(), Signal()
        words = data.View(weights_layout(p), Signal(weights_layout(p).size, name="words", reset_less=True))
        todo = Signal(p.transfer_words * p.quartets, reset_less=True)
        number = Signal(index_bits(-(-p.inputs_per_pass // p.transfer_words)), reset_less=True)
        first, rest = Signal.like(todo, name="first"), Signal.like(todo, name="rest")
        m.d.comb += [first.eq(todo & (~todo + 1)), rest.eq(todo & ~first)]
        final = self._operate(m, words, first, number, full & todo.any())
        m.d.comb += [done.eq(self.run & full & (~todo.any() | (final & ~rest.any()))), self.ends.eq(done & last)]
        with m.If(done):
            m.d.sync += full.eq(0)
        with m.Elif(self.run & full & final):
            m.d.sync += todo.eq(rest)
        self._take(m, words, todo, number, full, last, done)
        return m

    def _take(
        self, m: Module, words: data.View, todo: Signal, number: Signal, full: Signal, last: Signal, done: Signal
    ) -> None:
        """The next transfer, as soon as the one before is done."""
        p, active, following = self.parameters, Signal(), Signal.like(number, name="following")
        left, fetched = Signal.like(self.inputs, name="left"), Signal(COUNT_BITS)
        ends, codes = Signal(), [self._codes(self.weights.payload[i]) for i in range(p.transfer_words)]
        m.d.comb += [self.weights.ready.eq(active & (~full | done)), ends.eq(left <= p.transfer_words)]
        with m.If(self.begin):
            m.d.sync += [active.eq(1), left.eq(self.inputs), fetched.eq(1), following.eq(0)]
        with m.Elif(self.weights.valid & self.weights.ready):
            inside = [left > index for index in range(p.transfer_words)]
            used = Cat(inside[i] & self._is_used(code, j) for i, of in enumerate(codes) for j, code in enumerate(of))
            m.d.sync += [
                words.eq(self.weights.payload), todo.eq(used), number.eq(following), full.eq(1), last.eq(ends),
                left.eq(Mux(ends, self.inputs, left - p.transfer_words)),
                following.eq(Mux(ends, 0, following + 1)),
                fetched.eq(fetched + ends),
                active.eq(~ends | (fetched != self.outputs)),
            ]  # fmt: skip

    def _codes(self, word: Value) -> list[Value]:
        """The code, or quartet, of each place of a stored word."""
        p = self.parameters
        return [Value.cast(word)[p.code_bits * j : min(p.code_bits * (j + 1), len(word) - 1)] for j in range(p.codes)]

    def _is_used(self, code: Value, place: int) -> Value:
        """Whether operations come of a code: with ``zero_skip`` all but zero; refused ones do."""
        p = self.parameters
        if not p.zero_skip:
            return Const(1, 1)
        values = code_values(p, place) if p.encode_weights else range(1 << len(code))
        return ~covers(code, [word for word, value in enumerate(values) if value == 0])

    def _operate(self, m: Module, words: data.View, first: Signal, number: Signal, any_left: Value) -> Value:
        """The operation on the code that ``first`` points at; returns whether it is the last one of that code."""
        p, operation = self.parameters, self.operation
        by_word = [first[i * p.quartets : (i + 1) * p.quartets] for i in range(p.transfer_words)]
        place = Signal(p.quartets, name="place")
        word, code = Signal(p.weight_word_bits, name="word"), Signal(p.code_bits, name="code")
        m.d.comb += [
            place.eq(reduce(or_, by_word)),
            word.eq(_chosen([points.any() for points in by_word], [Value.cast(words[i]) for i in range(len(by_word))])),
            code.eq(_chosen(list(place), self._codes(word))),
        ]
        shift, triple, error = self._decode(m, place, code)
        goes, some, adds = Signal(), Signal(), Signal()
        index = _index([points.any() for points in by_word])
        m.d.comb += [goes.eq(self.run & any_left), some.eq(shift.any())]
        twice = self._counts(m, goes, adds, triple & some)
        rows = Const(accumulator_row(0, p), len(operation.row)) if p.quartets == 1 else self._accumulator(place)
        m.d.comb += [
            operation.read.eq(goes & ~adds),
            operation.add.eq(goes & adds & ~(word[-1] & some)),
            operation.subtract.eq(goes & adds & word[-1] & some),
            operation.row.eq(Mux(adds, rows, self._input_row(Cat(index, number), triple, some))),
            operation.shift.eq(shift if twice is None else Mux(twice[0], shift << 1, shift)),
        ]
        if not p.zero_skip:
            with m.If(~some):
                m.d.comb += operation.shift.eq(1)
        self._keep_error(m, operation.read & error)
        return adds if twice is None else adds & twice[1]

    def _counts(self, m: Module, goes: Value, adds: Signal, needed: Value) -> tuple[Value, Value] | None:
        """READ, then ADD; and that again where alphabet 3 needs it: whether it is so now, and whether it is done."""
        with m.If(goes):
            m.d.sync += adds.eq(~adds)
        if self.parameters.keeps_triple or 3 not in self.parameters.alphabets:
            return None
        again = Signal()
        with m.If(goes & adds):
            m.d.sync += again.eq(needed & ~again)
        return again, again | ~needed

    def _decode(self, m: Module, place: Signal, code: Signal) -> tuple[Signal, Value, Value]:
        """Lines of the shift, whether the alphabet is 3, and whether the code is refused."""
        p = self.parameters
        low = self._decoder(m, 0, code)
        if p.quartets == 1 or p.top_bits == p.quartet_bits[0]:
            chosen = low
        else:
            top = self._decoder(m, p.quartets - 1, code)
            chosen = [Mux(place[-1], high, other) for high, other in zip(top, low, strict=True)]
        shift = Signal(SHIFTS, name="shift")
        m.d.comb += shift.eq(chosen[0])
        return shift, chosen[1], chosen[2]

    def _decoder(self, m: Module, place: int, code: Signal) -> list[Value]:
        p = self.parameters
        m.submodules[f"decoder_{place}"] = decoder = (CodeDecoder if p.encode_weights else QuartetDecoder)(
            parameters=p, place=place
        )
        m.d.comb += (decoder.code if p.encode_weights else decoder.quartet).eq(code)
        return [decoder.shift, decoder.select if 3 in p.alphabets else Const(0, 1), decoder.error]

    def _input_row(self, k: Value, triple: Value, some: Value) -> Value:
        """The row of X or of 3X of input ``k``; without ``zero_skip`` that of zeros for a code of zero."""
        p = self.parameters
        row = Mux(triple, k + triple_row(0, p), k) if p.keeps_triple else k
        return row if p.zero_skip else Mux(some, row, zero_row(p))

    def _accumulator(self, place: Signal) -> Value:
        p = self.parameters
        rows = [Const(accumulator_row(j, p), index_bits(p.rows)) for j in range(p.quartets)]
        return _chosen(list(place), list(rows))

    def _keep_error(self, m: Module, error: Value) -> None:
        if self.parameters.unsupported == "refuse":
            kept = Signal(name="refused")
            m.d.sync += kept.eq((kept & ~self.clear) | error)
            m.d.comb += self.error.eq(kept)


def _chosen(lines: list[Value], values: list[Value]) -> Value:
    """The one of ``values`` whose line is 1; 0 without any."""
    return reduce(or_, (value & line.replicate(len(value)) for line, value in zip(lines, values, strict=True)))


def _index(lines: list[Value]) -> Value:
    """The number of the line that is 1, of a power of two of lines; no bits for a single one."""
    bits = (len(lines) - 1).bit_length()
    return Cat(Cat(line for place, line in enumerate(lines) if place >> bit & 1).any() for bit in range(bits))
