"""Energy of what stands below the cells of one word of the in-memory array, whose cells are a model's."""

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from flow.asm.prices_work import SEED, Operands
from flow.libraries import Library
from flow.power import Energy, netlist_energy
from flow.synthesis import best_of
from flow.synthesis.recipes import AREA, PLAIN, buffered
from flow.timing import sign_off
from gen.rtl import elaborate
from hdl.asm.in_memory_array import BitlineAdder, ColumnShift
from hdl.asm.in_memory_layouts import SHIFTS
from hdl.block import Block
from sim_models.arith.checking import IntArray, require_instance
from sim_models.asm import AsmParameters
from sim_models.asm.coding import encode
from sim_models.asm.program import accumulator_row, micro_operations, require_in_memory, triple_row
from verif.checks_form import require_equal
from verif.workloads import Workload


class WordPeriphery(Block):
    """Latch, column multiplexer and adder of one word: `hdl.asm.in_memory_array.InMemoryArray` without its cells.

    Ports: ``both``, ``neither`` (what the bitlines show), ``read``, ``subtract``, ``shift`` (a line for each shift);
    ``other`` (the latch, complemented to subtract), ``sum``. Raises ValueError for ``parameters`` that are no
    ``AsmParameters`` and for another ``placement``.
    """

    def __init__(self, *, parameters: AsmParameters) -> None:
        require_instance("parameters", parameters, AsmParameters)
        require_in_memory(parameters)
        self.parameters = parameters
        width = parameters.accumulator_width
        inputs = {"both": In(width), "neither": In(width), "read": In(1), "subtract": In(1), "shift": In(SHIFTS)}
        super().__init__({**inputs, "other": Out(width), "sum": Out(width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self.parameters.accumulator_width
        m.submodules.adder = adder = BitlineAdder(width=width)
        m.submodules.shift = shift = ColumnShift(width=width)
        latch = Signal(width, reset_less=True)
        m.d.comb += [
            shift.word.eq(self.both),
            shift.shift.eq(self.shift),
            adder.both.eq(self.both),
            adder.neither.eq(self.neither),
            adder.carry.eq(self.subtract),
            self.other.eq(latch ^ self.subtract.replicate(width)),
            self.sum.eq(adder.sum),
        ]
        with m.If(self.read):
            m.d.sync += latch.eq(shift.shifted)
        return m


def word_energy(work: Operands, library: Library) -> Energy:
    """Energy of one ADD or SUB of a word, and of the READ before it, at the periphery's own speed; cells left out.

    ``work`` has parameters of an in-memory design, and a length of at most ``inputs_per_pass``. Raises what
    `flow.power.netlist_energy` raises.
    """
    rtl = elaborate(WordPeriphery(parameters=work.parameters), "asm_word_periphery")
    mapped = best_of(rtl, (buffered(AREA), buffered(PLAIN)), library).winner
    timing = sign_off(mapped, library)
    assert timing is not None, "a word has paths"
    return netlist_energy(rtl, mapped, timing.longest_ps, word_work(work), library)


def word_work(work: Operands) -> Workload:
    """One position's inputs by all weights: what the bitlines of its word show, READ and ADD in turn."""
    p, width = work.parameters, work.parameters.accumulator_width
    steps = [step for output in work.weights.T for step in _steps(work.inputs[0], output, p)]
    rows, others, subtracts, shifts, reads = np.array(steps, np.int64).T
    mask = (1 << width) - 1
    both = np.where(reads, rows, rows & others)
    neither = np.where(reads, ~rows, ~(rows | others)) & mask
    sums = (rows + others + subtracts) & mask
    added = np.flatnonzero(reads == 0)
    inputs = {"both": both, "neither": neither, "read": reads, "subtract": subtracts, "shift": shifts}
    return Workload(
        action="one ADD or SUB of a word with its READ",
        operations=len(added) - 1,
        window=slice(2, len(reads)),
        inputs=inputs,
        check=lambda got: require_equal(
            {"other": got["other"][added], "sum": got["sum"][added]},
            {"other": others[added], "sum": sums[added]},
            SEED,
        ),
    )


def _steps(inputs: IntArray, weights: IntArray, p: AsmParameters) -> list[tuple[int, int, int, int, int]]:
    """Of each cycle of one output: the row's word, the word beside it, whether to subtract, shift line, if READ."""
    mask = (1 << p.accumulator_width) - 1
    cells = {k: int(x) for k, x in enumerate(inputs)}
    cells |= {triple_row(k, p): 3 * int(x) for k, x in enumerate(inputs)} if p.keeps_triple else {}
    cells |= {accumulator_row(place, p): 0 for place in range(p.quartets)}
    steps, latch = [], 0
    for each in micro_operations(encode(weights, p), p):
        word = cells[each.row]
        if each.operation == "READ":
            steps.append((word, 0, 0, 1 << each.shift, 1))
            latch = word << each.shift & mask
            continue
        subtract = int(each.operation == "SUB")
        other = latch ^ (mask if subtract else 0)
        steps.append((word, other, subtract, 0, 0))
        cells[each.row] = word + other + subtract & mask
    return steps
