"""One bank of the accelerator with its buffers and its walk through its row groups."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.buffer import Buffer
from hdl.daism.bank import COUNTS, DaismBank
from hdl.daism.counters import COUNTER_BITS
from hdl.daism.descriptor import (
    activations_layout,
    beat_layout,
    config_layout,
    place_layout,
    sums_layout,
    weights_layout,
)
from hdl.daism.im2col import WindowAddress
from hdl.daism.place_walk import PlaceWalk
from hdl.ranks import rank
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.daism.descriptor import descriptor_bits


class BankUnit(Block):
    """A bank that does what a beat says: it finds the driver operand, and knows where its sums begin and end.

    * ``layer``, ``beat``; ``neighbour``, ``place`` and the commands ``clear`` to ``restore``: see `PlaceWalk`.
      ``leads``: this is bank 0. ``last``: this is the last bank.
    * ``exists``: this bank has a row group at this place. ``set_sums``: its sums are to be set before the coming place,
      the first of a pass with ``starts``.
    * ``load``: stream of `weights_layout`, into the group of the beat.
    * ``fill``, ``fill_address``, ``activations``: write the input buffer. ``bias_write``, ``bias_block``, ``biases``:
      write the block's biases; only while nothing is under way.
    * ``read``, ``read_address`` to ``sums``, in the next cycle: the output buffer; not together with a beat.
    * ``clear_counters`` and the counters of `DaismBank`. ``refused``: the bank did not take what a beat gave it.

    A sum that is set is the bias of its block, in bank 0 or with slicing by channels, or what an earlier pass left.
    """

    def __init__(self, *, parameters: AcceleratorParameters, last: bool) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters, self.last = parameters, last
        p, place = parameters, place_layout(parameters)
        bits = descriptor_bits(p)
        commands = dict.fromkeys(("clear", "shift", "step", "save", "restore", "starts"), In(1))
        super().__init__(
            {
                "layer": In(config_layout(p)), "beat": In(beat_layout(p)), "leads": In(1),
                "neighbour": In(place), "place": Out(place), **commands,
                "exists": Out(1), "set_sums": Out(1), "load": In(stream.Signature(weights_layout(p))),
                "fill": In(1), "fill_address": In(_rows(p)), "activations": In(activations_layout(p)),
                "bias_write": In(1), "bias_block": In(bits["bias_base"]), "biases": In(sums_layout(p)),
                "read": In(1), "read_address": In(bits["bias_base"]), "sums": Out(sums_layout(p)),
                "clear_counters": In(1), **dict.fromkeys(COUNTS, Out(COUNTER_BITS)), "refused": Out(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.bank = bank = DaismBank(parameters=self.parameters)
        m.submodules.walk = walk = PlaceWalk(parameters=self.parameters, unit=self.last)
        self._walk(m, walk)
        m.d.comb += [
            bank.load.valid.eq(self.load.valid),
            bank.load.payload.operands.eq(self.load.payload),
            bank.load.payload.group.eq(self.beat.group),
            self.load.ready.eq(bank.load.ready),
            bank.clear_counters.eq(self.clear_counters),
            self.refused.eq((bank.drive.valid & ~bank.drive.ready) | (bank.preset.valid & ~bank.preset.ready)),
        ]
        m.d.comb += [getattr(self, name).eq(getattr(bank, name)) for name in COUNTS]
        drive, preset = Signal(), Signal()
        m.d.comb += [drive.eq(self.beat.drive & self.exists), preset.eq(self.beat.preset & self._sets(walk, False))]
        for name, strobe in (("drive", drive), ("preset", preset)):
            valid = Signal(name=f"{name}_valid")
            m.d.sync += valid.eq(strobe)
            m.d.comb += getattr(bank, name).valid.eq(valid)
            m.d.comb += getattr(bank, name).payload.slot.eq(rank(m, f"{name}_slot", self.beat.slot))
        self._drive(m, bank, walk, drive)
        self._keep(m, bank, walk, preset)
        return m

    def _walk(self, m: Module, walk: PlaceWalk) -> None:
        for name in ("layer", "neighbour", "clear", "shift", "step", "save", "restore"):
            m.d.comb += getattr(walk, name).eq(getattr(self, name))
        m.d.comb += [
            self.place.eq(walk.place),
            self.exists.eq(walk.exists),
            self.set_sums.eq(self._sets(walk, True)),
        ]

    def _sets(self, walk: PlaceWalk, upcoming: bool) -> Value:
        """Whether sums are set before a place: those that begin have a bias, or those of an earlier pass go on."""
        place = walk.upcoming if upcoming else walk.place
        starts = self.starts if upcoming else self.beat.group == 0
        exists = walk.upcoming_exists if upcoming else walk.exists
        return exists & Mux(place.first, self._biased, starts)

    @property
    def _biased(self) -> Value:
        return self.layer.bias & (self.layer.channel | self.leads)

    def _drive(self, m: Module, bank: DaismBank, walk: PlaceWalk, drive: Value) -> None:
        p = self.parameters
        lanes = index_bits(p.activation_lanes) if p.activation_lanes > 1 else 0
        m.submodules.inputs = inputs = Buffer(words=1 << _rows(p), width=activations_layout(p).size)
        m.submodules.where = where = WindowAddress(parameters=p)
        address = where.address
        word = data.View(activations_layout(p), inputs.word)
        chosen = word[rank(m, "lane", address[:lanes])] if lanes else word[0]
        m.d.comb += [
            where.layer.eq(self.layer),
            where.window.eq(self.beat.window),
            where.place.eq(walk.place),
            inputs.write.eq(self.fill),
            inputs.write_address.eq(self.fill_address),
            inputs.write_word.eq(self.activations),
            inputs.read.eq(drive),
            inputs.read_address.eq(address[lanes:]),
            bank.drive.payload.operand.eq(Mux(rank(m, "inside", where.inside), chosen, 0)),
            bank.drive.payload.group.eq(rank(m, "drive_group", self.beat.group)),
            bank.drive.payload.first.eq(rank(m, "drive_first", walk.place.first & ~self._biased)),
            bank.drive.payload.last.eq(rank(m, "drive_last", walk.ends | self.beat.ends)),
        ]

    def _keep(self, m: Module, bank: DaismBank, walk: PlaceWalk, preset: Value) -> None:
        """The output buffer: sums that end or wait for the next pass, and biases behind them."""
        place = walk.place
        m.submodules.outputs = outputs = Buffer(
            words=self.parameters.sum_words, width=sums_layout(self.parameters).size
        )
        here = Signal(len(place.sums))
        m.d.comb += here.eq(place.sums + self.beat.position)
        ended: Value = here
        for stage in range(bank.latency + 1):
            ended = rank(m, f"ended_{stage}", ended)
        set_from = Mux(place.first, place.bias, here)
        m.d.comb += [
            bank.shown_slot.eq(bank.finished_slot),
            outputs.write.eq(bank.finished | self.bias_write),
            outputs.write_address.eq(Mux(self.bias_write, self.layer.bias_base + self.bias_block, ended)),
            outputs.write_word.eq(Mux(self.bias_write, self.biases.as_value(), bank.sums.as_value())),
            outputs.read.eq(preset | self.read),
            outputs.read_address.eq(Mux(self.read, self.read_address, set_from)),
            bank.preset.payload.sums.eq(outputs.word),
            self.sums.eq(outputs.word),
        ]


def _rows(p: AcceleratorParameters) -> int:
    """Address bits of the input buffer, a word of which is a transfer."""
    words = index_bits(p.activation_words)
    return max(1, words - (p.activation_lanes.bit_length() - 1))
