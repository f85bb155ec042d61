"""What is common to properties of layers: which layer there is, and what is known of it."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring

from hdl.property_set import PropertySet
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape
from sim_models.daism.descriptor import packed_descriptor


class LayerProperties(PropertySet):
    """Properties over some layers: the free input ``number`` says which one is offered."""

    def __init__(
        self,
        *,
        parameters: AcceleratorParameters,
        component: wiring.Component,
        layers: Sequence[LayerShape],
        free: Mapping[str, Any] | None = None,
    ) -> None:
        self.parameters, self.layers = parameters, layers
        super().__init__(component, {"number": range(max(2, len(layers))), **(free or {})})

    def describes(self, descriptor: Value) -> Value:
        """Whether ``descriptor`` is that of the layer ``number``."""
        words = [packed_descriptor(shape, self.parameters) for shape in self.layers]
        return reduce(or_, [(self.number == place) & (descriptor == word) for place, word in enumerate(words)])

    def offered(self, m: Module) -> Signal:
        """Assume that descriptors are those of ``number``; returns the number of the layer that was taken last."""
        self.assumes(m, ~self.config.valid | self.describes(self.config.payload.as_value()))
        taken = Signal.like(self.number, name="taken")
        with m.If(self.config.valid & self.config.ready):
            m.d.sync += taken.eq(self.number)
        return taken

    def of(self, number: Value, values: Sequence[int]) -> Value:
        """The one of ``values`` that belongs to a layer."""
        chosen: Value = Const(values[0])
        for place, value in enumerate(values[1:], 1):
            chosen = Mux(number == place, value, chosen)
        return chosen
