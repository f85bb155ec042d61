"""The loop nest of a layer: passes, tiles of positions, places, positions of a tile."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.descriptor import beat_layout, config_layout, position_layout
from hdl.daism.layouts import bank_latency
from hdl.daism.position_walk import PositionWalk
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.daism.accelerator import AcceleratorParameters


class LoopNest(Block):
    """Say in each cycle what all banks do. ::

        for each pass:                            # groups that fit the banks
            load the pass's row groups, place by place, bank by bank
            for each tile of ``interleave`` positions:
                for each place of the pass:       # the same place in all banks
                    set the tile's sums, if any bank asks for it
                    for each position of the tile: drive

    * ``config``: stream of descriptors, taken while idle; ``layer``: the one taken last.
    * ``clear``, ``shift``, ``step``, ``save``, ``restore``: for `PlaceWalk`; ``exists``: of the banks' places.
      ``starts``: the next place is the first of its pass; ``set_sums``: sums are to be set before it.
    * ``weight_valid``, ``weight_ready``: of the row groups to load; ``load_valid``, ``load_ready``: of each bank.
      ``filled``: activations and biases have come; the first pass computes from then on.
    * ``beat``: see `beat_layout`.
    * ``drain``: results leave, until ``drained``. ``busy``; ``done``: the layer has ended, for one cycle.

    A place takes as many beats as a tile has positions, at least ceil(accumulate_latency / accesses), of ``accesses``
    cycles each. So no bank ever makes the controller wait.
    """

    def __init__(self, *, parameters: AcceleratorParameters) -> None:
        require_instance("parameters", parameters, AcceleratorParameters)
        self.parameters = p = parameters
        commands = dict.fromkeys(("clear", "shift", "step", "save", "restore", "starts"), Out(1))
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))), "layer": Out(config_layout(p)), **commands,
                "exists": In(p.banks), "set_sums": In(1),
                "weight_valid": In(1), "weight_ready": Out(1), "load_valid": Out(p.banks), "load_ready": In(p.banks),
                "filled": In(1), "beat": Out(beat_layout(p)),
                "drain": Out(1), "drained": In(1), "busy": Out(1), "done": Out(1),
            }
        )  # fmt: skip
        self._place = Signal(index_bits(p.groups), name="place")
        self._bank = Signal(index_bits(p.banks), name="bank")
        self._slot = Signal(index_bits(p.interleave), name="slot")
        self._count = Signal(range(max(p.banks, bank_latency(p) + 3)), name="count")
        self._tile = Signal(len(self.beat.position), name="tile")
        self._positions_left = Signal(len(self.layer.positions), name="positions_left")
        self._places_left = Signal(len(self.layer.places), name="places_left")
        self._access = Signal(name="access")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.beat.group.eq(self._place),
            self.beat.slot.eq(self._slot),
            self.beat.position.eq(self._tile + self._slot),
            self.beat.ends.eq(self._last_place),
        ]
        m.d.sync += self.done.eq(self.drain & self.drained)
        self._windows(m)
        with m.FSM(name="phase"):
            self._add_begin(m)
            self._add_load(m)
            self._add_presets(m)
            self._add_drive(m)
            self._add_end(m)
        return m

    @property
    def _last_place(self) -> Value:
        """Of the pass: the banks are full, or the layer ends."""
        return (self._place == self.parameters.groups - 1) | (self._place == self._places_left - 1)

    @property
    def _last_tile(self) -> Value:
        return self._positions_left <= self.parameters.interleave

    @property
    def _tile_length(self) -> Value:
        return Mux(self._last_tile, self._positions_left, self.parameters.interleave)

    def _windows(self, m: Module) -> None:
        """The windows of a tile are found in its first place and kept for the others."""
        p = self.parameters
        m.submodules.walk = walk = PositionWalk(parameters=p)
        kept: Memory = Memory(shape=position_layout(p).size, depth=max(2, p.interleave), init=())
        m.submodules.windows = kept
        write, read = kept.write_port(), kept.read_port(domain="comb")
        first = Signal()
        m.d.comb += [
            first.eq(self._place == 0),
            walk.layer.eq(self.layer),
            walk.begin.eq(self.clear | self.save),
            walk.step.eq(self.beat.drive & first),
            write.en.eq(walk.step),
            write.addr.eq(self._slot),
            write.data.eq(walk.window),
            read.addr.eq(self._slot),
            self.beat.window.eq(Mux(first, walk.window.as_value(), read.data)),
        ]

    def _add_begin(self, m: Module) -> None:
        with m.State("idle"):
            m.d.comb += self.config.ready.eq(1)
            m.d.sync += [self.layer.eq(self.config.payload), self._count.eq(0)]
            with m.If(self.config.valid):
                m.next = "setup"
        with m.State("setup"):
            m.d.comb += [self.busy.eq(1), self.clear.eq(self._count == 0), self.shift.eq(self._count != 0)]
            m.d.sync += [
                self._count.eq(self._count + 1),
                self._places_left.eq(self.layer.places),
                self._positions_left.eq(self.layer.positions),
                Cat(self._tile, self._place, self._bank, self._slot).eq(0),
            ]
            with m.If(self._count == self.parameters.banks - 1):
                m.next = "load"
                with m.If(self.layer.loaded):
                    m.next = "settle"

    def _add_load(self, m: Module) -> None:
        """Row groups come place by place, in each place bank by bank."""
        banks = self.parameters.banks
        chosen = Cat(self._bank == bank for bank in range(banks))
        with m.State("load"):
            m.d.comb += [
                self.busy.eq(1),
                self.load_valid.eq(chosen & self.weight_valid.replicate(banks)),
                self.weight_ready.eq((chosen & self.load_ready).any()),
            ]
            with m.If(self.weight_valid & self.weight_ready):
                m.d.sync += self._bank.eq(self._bank + 1)
                # Banks without a row group here are the last ones.
                with m.If(~(chosen & (self.exists >> 1)).any()):
                    m.d.comb += [self.step.eq(1), self.restore.eq(self._last_place)]
                    m.d.sync += [self._bank.eq(0), self._place.eq(Mux(self._last_place, 0, self._place + 1))]
                    with m.If(self._last_place):
                        m.next = "settle"
        with m.State("settle"):
            m.d.comb += [self.busy.eq(1), self.starts.eq(1)]
            m.d.sync += self._count.eq(0)
            with m.If(self.load_ready.all() & self.filled):
                self._begin_place(m)

    def _begin_place(self, m: Module) -> None:
        m.d.sync += self._count.eq(0)
        with m.If(self.set_sums):
            m.next = "gap"
        with m.Else():
            m.next = "drive"

    def _add_presets(self, m: Module) -> None:
        """A sum is set when nothing is under way in the bank."""
        with m.State("gap"):
            m.d.comb += self.busy.eq(1)
            m.d.sync += self._count.eq(self._count + 1)
            with m.If(self._count == self.parameters.accumulate_latency + 1):
                m.next = "preset"
        with m.State("preset"):
            m.d.comb += [self.busy.eq(1), self.beat.preset.eq(1)]
            m.d.sync += self._slot.eq(self._slot + 1)
            with m.If(self._slot == self._tile_length - 1):
                m.d.sync += self._slot.eq(0)
                m.next = "drive"

    def _add_drive(self, m: Module) -> None:
        p = self.parameters
        fewest = -(-p.accumulate_latency // p.accesses)
        beats, beat = Signal(range(max(fewest, p.interleave) + 1)), Signal(range(max(fewest, p.interleave)))
        m.d.comb += beats.eq(Mux(self._tile_length > fewest, self._tile_length, fewest))
        with m.State("drive"):
            used = beat < self._tile_length
            m.d.comb += [self.busy.eq(1), self.beat.drive.eq(used & ~self._access)]
            m.d.sync += self._access.eq(~self._access & (p.accesses == 2))
            with m.If(self._access == p.accesses - 1):
                m.d.sync += [beat.eq(beat + 1), self._slot.eq(self._slot + 1)]
                with m.If(beat == beats - 1):
                    m.d.sync += [beat.eq(0), self._slot.eq(0)]
                    self._end_place(m)

    def _end_place(self, m: Module) -> None:
        m.d.comb += self.step.eq(1)
        m.d.sync += self._place.eq(self._place + 1)
        with m.If(~self._last_place):
            self._begin_place(m)
        with m.Else():
            m.d.sync += self._place.eq(0)
            with m.If(~self._last_tile):
                self._end_tile(m)
            with m.Else():
                m.d.comb += self.save.eq(1)
                m.next = "next"

    def _end_tile(self, m: Module) -> None:
        tile = self.parameters.interleave
        m.d.comb += [self.restore.eq(1), self.starts.eq(1)]
        m.d.sync += [self._tile.eq(self._tile + tile), self._positions_left.eq(self._positions_left - tile)]
        self._begin_place(m)

    def _add_end(self, m: Module) -> None:
        p = self.parameters
        with m.State("next"):
            more = self._places_left > p.groups
            m.d.comb += self.busy.eq(1)
            m.d.sync += [
                self._count.eq(1),
                self._tile.eq(0),
                self._positions_left.eq(self.layer.positions),
                self._places_left.eq(self._places_left - p.groups),
            ]
            m.next = "flush"
            with m.If(more):
                m.next = "load"
        with m.State("flush"):
            m.d.comb += self.busy.eq(1)
            m.d.sync += self._count.eq(self._count + 1)
            with m.If(self._count == p.accumulate_latency + 3):
                m.next = "drain"
        with m.State("drain"):
            m.d.comb += [self.busy.eq(1), self.drain.eq(1)]
            with m.If(self.drained):
                m.next = "idle"
