"""The controller of the near-memory unit: a layer's loop nest, with the addresses of weights and inputs."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.asm.near_memory_layouts import config_layout, tags_layout
from hdl.block import Block
from hdl.daism.descriptor import config_layout as walk_layout
from hdl.daism.im2col import WindowAddress
from hdl.daism.place_walk import PlaceWalk
from hdl.daism.position_walk import PositionWalk
from sim_models.arith.checking import require_instance
from sim_models.arith.widths import index_bits
from sim_models.asm.near_memory import NearMemoryParameters
from sim_models.asm.near_memory_descriptor import WALK_FIELDS, walk_parameters


class NearMemoryController(Block):
    """Say in each cycle which row of weights meets which input: IDLE, LOAD, RUN, DRAIN. ::

        for each block of output channels:
            for each position:
                for each index t = (channel, row, column), column fastest: one beat

    * ``config``: stream of descriptors, taken while idle; ``layer``: the one taken last. ``begins``: it is taken.
    * ``loaded``: weights, inputs and words of requantization have come.
    * ``beat``: of all banks: row ``row`` and the input at ``address``, or zero if that is not ``inside`` the image.
      ``first``, ``last``: of a position. The last beat of a position waits for ``free``; ``tags``: whose sums it ends.
    * ``idle``: of what follows the beats. ``busy``; ``done``: the layer has ended, in the one cycle after it.

    A beat a cycle. The walks through positions and indices are those of the in-SRAM multiplier's accelerator.
    Raises ValueError for ``parameters`` that are no ``NearMemoryParameters``.
    """

    def __init__(self, *, parameters: NearMemoryParameters) -> None:
        require_instance("parameters", parameters, NearMemoryParameters)
        self.parameters = p = parameters
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))), "layer": Out(config_layout(p)),
                "begins": Out(1), "loaded": In(1), "free": In(1), "idle": In(1),
                "beat": Out(1), "row": Out(index_bits(p.rows)), "first": Out(1), "last": Out(1),
                "inside": Out(1), "address": Out(index_bits(p.activation_words)), "tags": Out(tags_layout(p)),
                "busy": Out(1), "done": Out(1),
            }
        )  # fmt: skip
        self._last_position, self._last_block = Signal(name="last_position"), Signal(name="last_block")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        run, clear = Signal(), Signal()
        with m.FSM(name="phase"):
            with m.State("idle"):
                m.d.comb += [self.config.ready.eq(1), self.begins.eq(self.config.valid)]
                m.d.sync += self.layer.eq(self.config.payload)
                with m.If(self.config.valid):
                    m.next = "load"
            with m.State("load"):
                m.d.comb += [self.busy.eq(1), clear.eq(1)]
                with m.If(self.loaded):
                    m.next = "run"
            with m.State("run"):
                m.d.comb += [self.busy.eq(1), run.eq(1)]
                with m.If(self.beat & self.last & self._last_position & self._last_block):
                    m.next = "drain"
            with m.State("drain"):
                m.d.comb += self.busy.eq(~self.idle)
                with m.If(self.idle):
                    m.d.comb += self.done.eq(1)
                    m.next = "idle"
        self._walk(m, run, clear)
        self._count(m, clear)
        return m

    def _walk(self, m: Module, run: Value, clear: Value) -> None:
        """Through t within a position, through positions within a block."""
        sizes = walk_parameters(self.parameters)
        m.submodules.place = place = PlaceWalk(parameters=sizes, unit=False)
        m.submodules.position = position = PositionWalk(parameters=sizes)
        m.submodules.where = where = WindowAddress(parameters=sizes)
        layer = self._walked_layer(m)
        m.d.comb += [
            place.layer.eq(layer), position.layer.eq(layer), where.layer.eq(layer),
            where.place.eq(place.place), where.window.eq(position.window),
            self.address.eq(where.address), self.inside.eq(where.inside),
            self.first.eq(place.place.first), self.last.eq(place.ends),
            self.beat.eq(run & ~(self.last & ~self.free)),
            place.clear.eq(clear),
            place.restore.eq(self.beat & self.last & ~self._last_position),
            place.step.eq(self.beat),
            place.save.eq(self.beat & self.last & self._last_position),
            position.begin.eq(clear | place.save),
            position.step.eq(self.beat & self.last),
        ]  # fmt: skip

    def _walked_layer(self, m: Module) -> data.View:
        """The walks' own descriptor: what they need, and a step of one index t."""
        layout = walk_layout(walk_parameters(self.parameters))
        layer = data.View(layout, Signal(layout.size, name="walked"))
        m.d.comb += [layer[name].eq(self.layer[name]) for name in WALK_FIELDS]
        m.d.comb += [layer.column_step.eq(1), layer.offset_step.eq(1)]
        return layer

    def _count(self, m: Module, clear: Value) -> None:
        """Rows, positions, blocks, and the words of requantization of a block."""
        tags, first_row = self.tags, Signal.like(self.row)
        following = self.row + 1
        m.d.comb += [
            self._last_position.eq(tags.position == self.layer.positions - 1),
            self._last_block.eq(tags.block == self.layer.blocks - 1),
        ]
        with m.If(clear):
            m.d.sync += [self.row.eq(0), first_row.eq(0), tags.eq(0)]
        with m.Elif(self.beat):
            m.d.sync += self.row.eq(following)
            with m.If(self.last):
                m.d.sync += [
                    self.row.eq(Mux(self._last_position, following, first_row)),
                    tags.position.eq(Mux(self._last_position, 0, tags.position + 1)),
                ]
                with m.If(self._last_position):
                    m.d.sync += [
                        first_row.eq(following),
                        tags.block.eq(tags.block + 1),
                        tags.base.eq(tags.base + self.parameters.lanes_in_bank),
                    ]
