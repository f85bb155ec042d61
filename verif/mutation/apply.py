"""Put faults into a design: all of them into one model, of which a run selects one, or a single one for a proof."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gen.rtl import CLOCK, RESET, Rtl
from verif.mutation.faults import Fault, preparation
from verif.yosys import run_yosys

_SELECTOR, _MUTANTS = "bitline_mutant", "bitline_mutants"

# The number is asked for once, when a model starts. Each thread has its own, so that threads can run different mutants.
_SELECTION = """
`systemc_header
extern "C" { int bitline_mutant(); void bitline_select(int number); }
`systemc_implementation
namespace { thread_local int selected_mutant = 0; }
int bitline_mutant() { return selected_mutant; }
void bitline_select(int number) { selected_mutant = number; }
`verilog
"""


def with_mutants(rtl: Rtl, faults: Sequence[Fault]) -> Rtl:
    """``rtl`` with all ``faults`` in it, none of which is active: the n-th, counted from 1, is so within
    `verif.active_fault.selected`.

    A fault in a block is there in all instances of the block. The Verilog is for `verif.batch.simulate` alone.
    """
    bits = len(faults).bit_length()
    switched = [f"mutate -ctrl {_SELECTOR} {bits} {each} {fault.options}" for each, fault in enumerate(faults, 1)]
    mutants = _write(rtl, (*switched, f"rename {rtl.name} {_MUTANTS}"))
    return replace(rtl, verilog=mutants + _wrapper(rtl, bits))


def with_fault(rtl: Rtl, fault: Fault, name: str) -> str:
    """Verilog of ``rtl`` with one fault, as a single module called ``name``."""
    return _write(rtl, (f"mutate {fault.options}", "flatten", "opt_clean -purge", f"rename {rtl.name} {name}"))


def _write(rtl: Rtl, changes: Sequence[str]) -> str:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design.v").write_text(rtl.verilog)
        run_yosys([*preparation(rtl), *changes, "write_verilog -noattr mutant.v"], folder)
        return (folder / "mutant.v").read_text()


def _wrapper(rtl: Rtl, bits: int) -> str:
    """A module with the name and ports of the design around the one with the faults."""
    ports = [(port.direction, port.width, port.name) for port in rtl.ports]
    ports += [("input", 1, name) for name in (CLOCK, RESET) if rtl.clocked]
    declared = ", ".join(f"{direction} [{width - 1}:0] \\{name} " for direction, width, name in ports)
    connected = ", ".join(f".\\{name} (\\{name} )" for _, _, name in ports)
    return f"""
module {rtl.name}({declared});
{_SELECTION}
  reg [{bits - 1}:0] number;
  initial number = $c32("bitline_mutant()");
  {_MUTANTS} mutants({connected}, .{_SELECTOR}(number));
endmodule
"""
