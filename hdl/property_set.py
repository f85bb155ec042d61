"""What a component must always do, stated in Amaranth beside it, for provers to read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amaranth.hdl import Assert, Assume, Cover, Module, ResetSignal, Signal, Value, ValueLike
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hdl.ranks import rank


class PropertySet(wiring.Component):
    """Holds a component, wires it to ports of its own, and states properties of it.

    A subclass says in `state` what must hold, with `holds`, and what may be assumed of the inputs, with `assumes`. With
    `reaches` it names what must be possible, so that no property holds merely because nothing happens. A prover lets
    every register hold anything, asserts reset in the first cycle and checks from the second on; reset may come back
    at any time.

    Ports: those of ``component``, and ``free``: inputs by name that a prover may choose in every cycle.
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The ports, which follow from the component."""

    def __init__(self, component: wiring.Component, free: Mapping[str, Any] | None = None) -> None:
        self.component = component
        added = {name: In(shape) for name, shape in (free or {}).items()}
        super().__init__({**component.signature.members, **added})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.component = self.component
        for path, member, value in self.component.signature.flatten(self.component):
            outside: Any = self
            for step in path:
                outside = outside[step] if isinstance(step, int) else getattr(outside, step)
            source, sink = (outside, value) if member.flow is In else (value, outside)
            m.d.comb += Value.cast(sink).eq(Value.cast(source))
        self.state(m)
        return m

    def state(self, m: Module) -> None:
        """Add the properties to ``m``."""
        raise NotImplementedError

    def holds(self, m: Module, name: str, condition: ValueLike) -> None:
        """``condition`` is true in every cycle; reports call it ``name`` (lower-case letters, digits, underscores)."""
        m.d.comb += Assert(condition, name)

    def assumes(self, m: Module, condition: ValueLike) -> None:
        """The surroundings keep ``condition`` true in every cycle."""
        m.d.comb += Assume(condition, None)

    def reaches(self, m: Module, name: str, condition: ValueLike) -> None:
        """There is a run in which ``condition`` becomes true."""
        m.d.comb += Cover(condition, name)

    def before(self, m: Module, value: ValueLike, name: str) -> Signal:
        """``value`` in the cycle before."""
        return rank(m, f"{name}_before", Value.cast(value))

    def chosen(self, m: Module, value: ValueLike, name: str) -> Signal:
        """Any value that stays from one reset to the next: ``value``, a free input, as it was in the last reset."""
        value = Value.cast(value)
        kept = Signal(value.shape(), name=f"{name}_chosen", reset_less=True)
        with m.If(ResetSignal()):
            m.d.sync += kept.eq(value)
        return kept
