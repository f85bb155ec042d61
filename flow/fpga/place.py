"""Price a design on an FPGA: synthesised by Yosys, placed and routed by nextpnr, results cached by content."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from flow.fpga.devices import DEVICES, Device
from flow.fpga.harness import register_count, with_port_registers
from flow.fpga.nextpnr import DoesNotFit, nextpnr_version, run_nextpnr
from flow.fpga.report import read_timing
from flow.results import read_entry, write_entry
from flow.synthesis.yosys_job import IDENTIFIER
from gen.cache import content_key
from gen.rtl import Rtl
from gen.suggest import unknown
from verif.yosys import run_yosys, yosys_package

TARGETS = tuple(DEVICES)

_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class FpgaResult:
    """A placed and routed design.

    ``luts`` are 4-input tables, those that carry chains and LUT memories take among them; ``carries`` are bits of carry
    chains. They and the other counts are of the design alone. ``placed`` is nextpnr's own count of what it put where,
    with the ``port_registers`` around the design (one for each bit of each port, so that pins do not limit).

    ``max_mhz`` is the clock that the paths between the design's registers allow, None where there are none. The longest
    paths from an input to a register (``input_ns``), from a register to an output (``output_ns``) and from an input to
    an output (``through_ns``) leave out the port register's own delay, not the wires to it; None where there are none.
    """

    design: str
    target: str
    device: str
    package: str
    luts: int
    flip_flops: int
    carries: int
    multipliers: int
    block_rams: int
    placed: Mapping[str, int]
    port_registers: int
    max_mhz: float | None
    input_ns: float | None
    output_ns: float | None
    through_ns: float | None
    seed: int
    tools: Mapping[str, str]
    label: str

    def __str__(self) -> str:
        delays = {
            "input to register": self.input_ns,
            "register to output": self.output_ns,
            "input to output": self.through_ns,
        }
        timing = [] if self.max_mhz is None else [f"clock {self.max_mhz:.1f} MHz"]
        timing += [f"{name} {delay:.2f} ns" for name, delay in delays.items() if delay is not None]
        lines = [
            f"{self.design} on {self.device} {self.package}",
            f"  {self.luts} LUTs, {self.flip_flops} flip-flops, {self.carries} carry bits, "
            f"{self.multipliers} multipliers, {self.block_rams} block RAMs",
            f"  {', '.join(timing) or 'no paths'}",
            f"  {self.label}",
            f"  {', '.join(f'{tool} {version}' for tool, version in self.tools.items())}",
        ]
        return "\n".join(lines)


def place_and_route(rtl: Rtl, target: str, *, seed: int = 1) -> FpgaResult:
    """Synthesise ``rtl`` for ``target`` (one of `TARGETS`), place and route it.

    :raises ValueError: the target is unknown, the seed out of range, or a name in ``rtl`` no plain identifier.
    :raises DoesNotFit: the design needs more than the device has. It is a RuntimeError.
    :raises RuntimeError: Yosys or nextpnr fails.
    :raises ToolMissing: pyosys or the target's nextpnr wheel is not installed.
    """
    if target not in DEVICES:
        raise ValueError(unknown("target", target, TARGETS))
    if not 0 <= seed <= _LARGEST_SEED:
        raise ValueError(f"seed must be between 0 and {_LARGEST_SEED}, not {seed}")
    for name in (rtl.name, *(port.name for port in rtl.ports)):
        if not IDENTIFIER.fullmatch(name):
            raise ValueError(f"names of a design and its ports must be plain identifiers, not {name!r}")
    yosys_package()
    tools = {"nextpnr": nextpnr_version(DEVICES[target]), "pyosys": metadata.version("pyosys")}
    key = _key(rtl, target, seed, tools)
    entry = read_entry("fpga", key)
    if entry is not None:
        return FpgaResult(**entry[0])
    result = _placed(rtl, target, seed, tools)
    write_entry("fpga", key, asdict(result))
    return result


def _key(rtl: Rtl, target: str, seed: int, tools: Mapping[str, str]) -> str:
    code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    ports = [asdict(port) for port in rtl.ports]
    return content_key(rtl.verilog, rtl.name, ports, rtl.clocked, target, seed, tools, *code)


def _placed(rtl: Rtl, target: str, seed: int, tools: Mapping[str, str]) -> FpgaResult:
    device = DEVICES[target]
    with tempfile.TemporaryDirectory(prefix="bitline-") as name:
        folder = Path(name)
        kinds = _synthesised(rtl, target, folder)
        try:
            written = run_nextpnr(device, f"{rtl.name}_io", seed, folder)
        except DoesNotFit as error:
            raise DoesNotFit(f"{rtl.name} {error}") from None
    timing = read_timing(written)
    return FpgaResult(
        design=rtl.name,
        target=target,
        device=device.name,
        package=device.package,
        **_counts(kinds, device),
        placed={kind: use["used"] for kind, use in written["utilization"].items() if use["used"]},
        port_registers=register_count(rtl),
        max_mhz=None if timing.register_ns is None else round(1e3 / timing.register_ns, 2),
        input_ns=timing.input_ns,
        output_ns=timing.output_ns,
        through_ns=timing.through_ns,
        seed=seed,
        tools=tools,
        label=(
            f"placed and routed, nextpnr's timing model of the device, seed {seed}; "
            "every port bit but clock and reset has a register beside the design, counted and timed apart"
        ),
    )


def _synthesised(rtl: Rtl, target: str, folder: Path) -> dict[str, int]:
    """Write ``netlist.json`` of the design with its port registers; returns the design's own primitives by kind."""
    (folder / "design.v").write_text(rtl.verilog)
    (folder / "harness.v").write_text(with_port_registers(rtl, DEVICES[target]))
    commands = [
        "read_verilog design.v",
        f"synth_{target} -top {rtl.name}",
        "tee -q -o cells.json stat -json",
        "read_verilog harness.v",
        f"hierarchy -top {rtl.name}_io",
        "flatten",
        "write_json netlist.json",
    ]
    try:
        run_yosys(commands, folder)
    except ValueError as error:
        raise RuntimeError(f"{rtl.name} on {target}: {error}") from None
    statistics: Mapping[str, Any] = json.loads((folder / "cells.json").read_text())
    return dict(statistics["design"]["num_cells_by_type"])


def _counts(kinds: Mapping[str, int], device: Device) -> dict[str, int]:
    total = Counter(luts=0, flip_flops=0, carries=0, multipliers=0, block_rams=0)
    for kind, number in kinds.items():
        for prefix, worth in device.counted.items():
            if kind.startswith(prefix):
                total.update({what: each * number for what, each in worth.items()})
    return dict(total)
