"""The sequencer emits the golden program of whatever words it is given, and nothing else."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, ResetSignal, Signal, Value

from hdl.asm.in_memory_layouts import SHIFTS
from hdl.asm.micro_sequencer import MicroSequencer
from hdl.multiplexer import select
from hdl.property_set import PropertySet
from sim_models.arith.widths import index_bits
from sim_models.asm import MicroOperation, micro_operations, supported_quartets
from sim_models.asm.coding import REFUSED, code_values, encode
from sim_models.asm.in_memory import COUNT_BITS, InMemoryParameters
from sim_models.asm.parameters import QUARTET_BITS
from sim_models.asm.program import zero_row

KINDS = {"READ": 1, "ADD": 2, "SUB": 4}


class MicroSequencerProperties(PropertySet):
    """Operation by operation the sequence of `sim_models.asm.micro_operations`, for passes of any inputs and outputs.

    Refused quartets latch zeros, so that they add nothing, and are told. A transfer is done with its last operation, or
    in a cycle of its own if it has none; the next one is taken then, or when there is room.
    """

    def __init__(self, *, parameters: InMemoryParameters, component: MicroSequencer | None = None) -> None:
        self.parameters = parameters
        self.program = _Program(parameters)
        super().__init__(component or MicroSequencer(parameters=parameters))

    def state(self, m: Module) -> None:
        p = self.parameters
        full, place = Signal(), Signal(range(2 + p.transfer_words * self.program.longest))
        held = Signal(self.weights.payload.shape(), name="held", reset_less=True)
        wants, number, rest, last = self._transfers(m)
        index = (p.transfer_words - 1).bit_length()
        words = [(Value.cast(held[i]), Cat(Const(i, index), number), rest > i) for i in range(p.transfer_words)]
        count, expected = self.program.at(words, place)
        some = Signal()
        m.d.comb += some.eq(self.run & full & (place < count))
        done, taken = self.run & full & (place + 1 >= count), self.weights.valid & self.weights.ready
        with m.If(self.run & full):
            m.d.sync += [place.eq(place + 1), full.eq(~done)]
        with m.If(taken):
            m.d.sync += [full.eq(1), place.eq(0), held.eq(self.weights.payload)]
        self._surroundings(m, full, wants)
        kinds = Cat(self.operation[name] for name in ("read", "add", "subtract", "clear", "write"))
        same = [kinds == expected.kind, expected.free_row | (self.operation.row == expected.row)]
        same.append(~self.operation.read | (self.operation.shift == expected.shift))
        self.holds(m, "operations_are_those_of_the_program", Mux(some, Cat(same).all(), kinds == 0))
        self.holds(m, "an_output_ends_with_its_last_operation", self.ends == (done & last))
        self.holds(m, "words_are_taken_ahead", self.weights.ready == (wants & (~full | done)))
        told = self.before(m, self.error & ~self.clear & ~ResetSignal(), "told")
        found = self.before(m, some & expected.refused & ~ResetSignal(), "found")
        self.holds(m, "errors_are_told_until_they_are_cleared", self.error == (told | found))
        self.reaches(m, "an_output_of_two_transfers_ends", self.ends & (number != 0))

    def _transfers(self, m: Module) -> tuple[Signal, Signal, Signal, Signal]:
        """Whether more transfers belong to the pass; and of the one that is kept: its number in its output, how many
        inputs there are from it on, whether it is the output's last.
        """
        p = self.parameters
        wants, fetched, last = Signal(), Signal(COUNT_BITS), Signal()
        rest, left = Signal.like(self.inputs, name="rest"), Signal.like(self.inputs, name="left")
        number, following = (Signal(index_bits(-(-p.inputs_per_pass // p.transfer_words)), name=n) for n in ("n", "f"))
        ends = left <= p.transfer_words
        with m.If(self.begin):
            m.d.sync += [wants.eq(1), left.eq(self.inputs), following.eq(0), fetched.eq(1)]
        with m.Elif(self.weights.valid & self.weights.ready):
            m.d.sync += [
                rest.eq(left), number.eq(following), last.eq(ends),
                left.eq(Mux(ends, self.inputs, left - p.transfer_words)),
                following.eq(Mux(ends, 0, following + 1)),
                fetched.eq(fetched + ends), wants.eq(~ends | (fetched != self.outputs)),
            ]  # fmt: skip
        return wants, number, rest, last

    def _surroundings(self, m: Module, full: Value, wants: Value) -> None:
        """A pass begins after the one before, and its numbers stay."""
        begins, size = self.begin & ~ResetSignal(), self.inputs
        self.assumes(m, ~self.begin | (~full & ~wants & (self.outputs != 0)))
        self.assumes(m, ~self.begin | ((size != 0) & (size <= self.parameters.inputs_per_pass)))
        for name in ("inputs", "outputs"):
            value = getattr(self, name)
            same = value == self.before(m, value, name)
            self.assumes(m, begins | same | ~(full | wants))


class _Expected:
    """Signals of what is expected: ``kind`` (read, add, subtract), ``row``, ``shift``, ``free_row``, ``refused``."""

    def __init__(self, word: Value, row_bits: int) -> None:
        self.kind, self.row = word[:3], word[3 : 3 + row_bits]
        self.shift = word[3 + row_bits : 3 + row_bits + SHIFTS]
        self.free_row, self.refused = word[-2], word[-1]


class _Program:
    """The golden program of every stored word, as tables."""

    def __init__(self, parameters: InMemoryParameters) -> None:
        self.parameters = p = parameters
        self.row_bits = index_bits(p.rows)
        self.words = [_operations(word, p) for word in range(1 << p.weight_word_bits)]
        self.longest = max(len(each) for each in self.words)

    def at(self, words: Sequence[tuple[Value, Value, Value]], place: Value) -> tuple[Value, _Expected]:
        """How many operations words have, and number ``place`` of them: stored word, input, whether it counts."""
        bits = 3 + self.row_bits + SHIFTS + 2
        found: Value = Const(0, bits)
        begins: Value = Const(0, 1)
        for word, k, inside in words:
            length = select([Const(len(each), 8) for each in self.words], word) & inside.replicate(8)
            for step in range(self.longest):
                here = (place == begins + step) & (length > step)
                found = found | (self._at(word, step, k) & here.replicate(bits))
            begins = begins + length
        return begins, _Expected(found, self.row_bits)

    def _at(self, word: Value, step: int, k: Value) -> Value:
        entries = [each[step] if step < len(each) else 0 for each in self.words]
        entry = select([Const(value, 1 + 3 + self.row_bits + SHIFTS + 2) for value in entries], word)
        row = entry[4 : 4 + self.row_bits] + Mux(entry[0], k, 0)
        return Cat(entry[1:4], row[: self.row_bits], entry[4 + self.row_bits :])


def _operations(word: int, p: InMemoryParameters) -> list[int]:
    """Operations of a stored word for input 0: 1 if the row is of the input, kind, row, lines, free row, refused."""
    sign, body = divmod(word, 1 << p.weight_word_bits - 1)
    found = []
    for place in range(p.quartets):
        value = _quartet(body, place, p)
        if value == REFUSED:
            found += _refused(place, p)
            continue
        weight = (-1 if sign else 1) * (value << QUARTET_BITS * place)
        # The quartets beside it are 0, of which nothing comes, or a READ and an ADD each.
        own = slice(None) if p.zero_skip else _own(value, place, p)
        first, second = (micro_operations(encode([0] * k + [weight], p), p) for k in (0, 1))
        skip = 0 if p.zero_skip else 2 * p.quartets
        pairs = list(zip(first, second[skip:], strict=True))[own]
        found += [_entry(one, p, indexed=one.row != other.row) for one, other in pairs]
    return found


def _own(value: int, place: int, p: InMemoryParameters) -> slice:
    """Which operations of a word, whose other quartets are 0, are of quartet ``place``; without ``zero_skip``."""
    twice = value in (3, 6, 12) and not p.keeps_triple
    return slice(2 * place, 2 * place + (4 if twice else 2))


def _quartet(body: int, place: int, p: InMemoryParameters) -> int:
    """The value of a code or quartet of a stored word, or `REFUSED`."""
    if p.encode_weights:
        return code_values(p, place)[body >> p.code_bits * place & (1 << p.code_bits) - 1]
    value = body >> QUARTET_BITS * place & 15
    return value if value in supported_quartets(p, place) else REFUSED


def _refused(place: int, p: InMemoryParameters) -> list[int]:
    """Zeros are latched, of whatever row or of that of zeros, and added."""
    weight = 1 << QUARTET_BITS * place
    add = micro_operations(encode([weight], p), p)[1 if p.zero_skip else 2 * place + 1]
    if p.zero_skip:
        read = _entry(MicroOperation("READ", 0), p) & ~(15 << 4 + index_bits(p.rows)) | 1 << _flags(p)
    else:
        read = _entry(MicroOperation("READ", zero_row(p)), p)
    return [read | 2 << _flags(p), _entry(add, p)]


def _flags(p: InMemoryParameters) -> int:
    return 4 + index_bits(p.rows) + SHIFTS


def _entry(operation: MicroOperation, p: InMemoryParameters, *, indexed: bool = False) -> int:
    rows = index_bits(p.rows)
    return indexed | KINDS[operation.operation] << 1 | operation.row << 4 | 1 << operation.shift << 4 + rows
