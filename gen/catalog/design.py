"""What the catalog says of one design."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amaranth.lib import wiring

    from gen.rtl import Rtl


@dataclass(frozen=True, kw_only=True)
class Design:
    """One generator; its defaults are the configuration that ``source`` publishes.

    ``parameters`` (the parameter class), ``component`` (a callable that takes ``parameters=``) and ``vectors`` (a
    function of the parameters that computes the bench's stimuli and expected results from the golden model) are named
    ``module:object`` and imported when first asked for. ``latency`` is a formula in words, ``cycles`` evaluates it;
    ``bench`` is the module of `gen.testbench` that checks the design in cocotb.
    """

    name: str
    family: str
    summary: str
    source: str
    status: str
    parameters: str
    component: str
    latency: str
    cycles: Callable[[Any], int]
    bench: str
    vectors: str

    def configuration(self) -> type:
        """The parameter class."""
        return _load(self.parameters)

    def build(self, parameters: Any) -> "wiring.Component":
        """The Amaranth component for ``parameters``."""
        return _load(self.component)(parameters=parameters)

    def elaborate(self, parameters: Any) -> "Rtl":
        """The Verilog and ports for ``parameters``."""
        from gen.rtl import elaborate

        return elaborate(self.build(parameters), self.name)

    def bench_vectors(self, parameters: Any) -> dict[str, Any]:
        """Stimuli and expected results for the bench, as JSON can write them."""
        return _load(self.vectors)(parameters)


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
