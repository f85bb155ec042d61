"""The half-precision unit that the fixed-point units replace."""

from typing import Any, Self

from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In
from amaranth.utils import exact_log2

from hdl.block import Block
from hdl.nmpu_fp16.core import LdpuCore
from hdl.nmpu_fp16.layouts import branches, control_ports, number_formats, require_buildable, result_ports, row_count
from hdl.nmpu_fp16.memory import CaptureRegisters, RowMemory
from sim_models.arith import FP16
from sim_models.arith.widths import index_bits
from sim_models.nmpu import LdpuParameters

SLOPE_P, SLOPE_N, OFFSET = range(3)


class Ldpu(Block):
    """Local digital processing unit: correct the converter counts of all columns of one crossbar in binary16. ::

        value    = half(count_p) * slope_p - half(count_n) * slope_n + addend
        out_data = int8(max(value, +0) if relu else value)

    bit for bit as `sim_models.nmpu.ldpu_process`. ``lanes`` columns are worked on at a time: row ``r`` holds columns
    ``r*lanes`` to ``r*lanes + lanes - 1``.

    * ``start``: begin a tile; ignored while ``busy``. ``relu``, ``addend_source`` (0 the column's offset, 1 its
      aggregate), ``write_aggregate`` (store each value as the column's aggregate), ``emit`` (show results) are sampled
      with it.
    * ``count_p``, ``count_n``: packed unsigned counts of all columns, column 0 low, captured with the start. With
      ``capture='serial'`` instead ``counts``, a stream of rows, row 0 first, taken after the start.
    * ``cfg_write``, ``cfg_column``, ``cfg_word``, ``cfg_data``: write slope_p (0), slope_n (1) or offset (2), binary16;
      not while ``busy``. Another ``cfg_word`` writes nothing.
    * ``out_valid``, ``out_column``, ``out_data``: activations of row ``out_column``, lane 0 low; two's complement.
      ``invalid``: per lane, the value was NaN, which gives 0.
    * ``done``: the tile's last row is at the output in this cycle.

    Partial sums of tiles: the first adds the offset, each later one the aggregate; all but the last write it, the last
    emits. A residual r is one more tile with counts ``max(r, 0)``, ``max(-r, 0)`` and two equal slopes.

    Cycles: with R = columns / lanes, a start in cycle 0 has ``busy`` in cycles 1 to N and ``done`` in cycle
    **N = R + 5** (F1), **2R + 5** (F2), **4R + 5** (F3): 261, 517 and 1029 for 256 columns and one lane. Serial capture
    precedes that with R cycles or more. The next start may come in cycle N + 1.
    Source: the unit that arXiv 2402.07549 compares with; the reconstruction is bitline's.
    """

    def __new__(cls, *, parameters: LdpuParameters) -> Self:
        require_buildable(parameters)  # here, because Amaranth warns of every object made and not used
        return super().__new__(cls, parameters=parameters)

    def __init__(self, *, parameters: LdpuParameters) -> None:
        self.parameters = p = parameters
        if p.capture == "serial":
            counts: dict[str, Any] = {"counts": In(stream.Signature(branches(p.count_bits, p.lanes)))}
        else:
            counts = dict.fromkeys(("count_p", "count_n"), In(data.ArrayLayout(p.count_bits, p.columns)))
        column = In(index_bits(p.columns))
        configuration = {"cfg_write": In(1), "cfg_column": column, "cfg_word": In(2), "cfg_data": In(FP16.width)}
        self.formats = number_formats(p)
        super().__init__({**control_ports(), **counts, **configuration, **result_ports(p)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = LdpuCore(parameters=self.parameters)
        for name, member in {**control_ports(), **result_ports(self.parameters)}.items():
            source, sink = (self, core) if member.flow is In else (core, self)
            m.d.comb += getattr(sink, name).eq(getattr(source, name))
        self._store_counts(m, core)
        self._store_parameters(m, core)
        aggregates = self._add_memory(m, "aggregates", words=self.parameters.lanes)
        m.d.comb += [
            aggregates.write.eq(core.aggregate_write.replicate(self.parameters.lanes)),
            aggregates.write_row.eq(core.aggregate_row),
            aggregates.write_data.eq(core.aggregate_data),
            aggregates.row.eq(core.addend_row),
            core.aggregates.eq(aggregates.data),
        ]
        return m

    def _add_memory(self, m: Module, name: str, words: int, word_bits: int = FP16.width) -> RowMemory:
        memory = RowMemory(rows=row_count(self.parameters), words=words, word_bits=word_bits)
        m.submodules[f"{name}_memory"] = memory
        return memory

    def _store_counts(self, m: Module, core: LdpuCore) -> None:
        p = self.parameters
        if p.capture == "parallel":
            self._add_registers(m, core, "counts_p", self.count_p, core.counts.positive)
            self._add_registers(m, core, "counts_n", self.count_n, core.counts.negative)
            return
        memory = self._add_memory(m, "counts", words=2 * p.lanes, word_bits=p.count_bits)
        m.d.comb += [
            core.counts_valid.eq(self.counts.valid),
            self.counts.ready.eq(core.counts_ready),
            memory.write.eq(core.capture.replicate(2 * p.lanes)),
            memory.write_row.eq(core.capture_row),
            memory.write_data.eq(self.counts.payload),
            memory.row.eq(core.row),
            core.counts.eq(memory.data),
        ]

    def _add_registers(self, m: Module, core: LdpuCore, name: str, captured: data.View, row: data.View) -> None:
        """Keep one polarity's counts and show the core its ``row`` of them."""
        p = self.parameters
        registers = CaptureRegisters(rows=row_count(p), words=p.lanes, word_bits=p.count_bits)
        m.submodules[f"{name}_memory"] = registers
        m.d.comb += [
            registers.capture.eq(core.capture),
            registers.captured.eq(captured),
            registers.row.eq(core.row),
            row.eq(registers.data),
        ]

    def _store_parameters(self, m: Module, core: LdpuCore) -> None:
        lanes = self.parameters.lanes
        slopes, offsets = self._add_memory(m, "slopes", words=2 * lanes), self._add_memory(m, "offsets", words=lanes)
        lane_bits = exact_log2(lanes)
        lane = Cat(self.cfg_write & (self.cfg_column[:lane_bits] == index) for index in range(lanes))

        def chosen(word: int) -> Value:
            return Mux(self.cfg_word == word, lane, 0)

        m.d.comb += [
            slopes.write.eq(Cat(chosen(SLOPE_P), chosen(SLOPE_N))),
            offsets.write.eq(chosen(OFFSET)),
            slopes.row.eq(core.row),
            offsets.row.eq(core.addend_row),
            core.slopes.eq(slopes.data),
            core.offsets.eq(offsets.data),
        ]
        for memory in (slopes, offsets):
            m.d.comb += memory.write_row.eq(self.cfg_column[lane_bits:])
            m.d.comb += memory.write_data.as_value().eq(self.cfg_data.replicate(len(memory.write)))
