"""Digital stand-in of Neural-PIM's analog shift-and-add: the recursion in fixed point, with its two-phase holds."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from sim_models.arith.checking import require_instance, require_integer
from sim_models.arith.widths import signed_width
from sim_models.crossbar import accumulator_bits


class AnalogAccumulator(Block):
    """Shifts and adds the sums of the input slices of one output, the lowest slice first. ::

        A = (fed back >> dac_bits) + (y_t << dac_bits * (cycles - 1));   nothing fed back with ``first``

    * ``accum``: the hold of ``bank`` becomes A of ``y_t``, all slices of a weight in one cycle; of -y_t with
      ``negate``. ``fb_strobe``: what is fed back becomes the hold of ``bank``. Never both at once.
    * ``hold``: the hold of ``read_bank``; after the last slice it is the product.

    ``y_t`` and ``hold`` are two's complement. Where accumulation and feedback alternate and start with ``first``, no
    bit is shifted out and nothing wraps. ``width`` of the hold: that of `sim_models.crossbar.accumulator_bits` if None.
    Not reset. Stands for an analog part: its area is that of registers and an adder.

    Raises ValueError for ``parameters`` that are no ``NeuralPimParameters``, and for a ``width`` that is too small for
    their rows.
    """

    def __init__(self, *, parameters: NeuralPimParameters, width: int | None = None) -> None:
        require_instance("parameters", parameters, NeuralPimParameters)
        needed = accumulator_bits(parameters)
        self.width = needed if width is None else width
        require_integer(f"width of the accumulator of {parameters.rows} rows", self.width, needed)
        self.parameters = parameters
        inputs = {name: In(1) for name in ("accum", "first", "negate", "fb_strobe", "bank", "read_bank")}
        sums = signed(signed_width(parameters.step_full_scale))
        super().__init__({**inputs, "y_t": In(sums), "hold": Out(signed(self.width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        holds = Array(Signal(signed(self.width), name=f"hold_{bank}", reset_less=True) for bank in range(2))
        fed_back = Signal(signed(self.width), reset_less=True)
        shifted, added = Signal(signed(self.width)), Signal(signed(self.width))
        m.d.comb += [
            shifted.eq(Mux(self.first, 0, fed_back >> p.dac_bits)),
            added.eq(Mux(self.negate, -self.y_t, self.y_t) << Const(p.dac_bits * (p.cycles - 1))),
            self.hold.eq(holds[self.read_bank]),
        ]
        with m.If(self.accum):
            m.d.sync += holds[self.bank].eq(shifted + added)
        with m.If(self.fb_strobe):
            m.d.sync += fed_back.eq(holds[self.bank])
        return m
