"""How fast a library is: the delay of an inverter that drives four of its kind, by ABC's static timing."""

import re
import tempfile
from importlib import metadata
from pathlib import Path
from subprocess import CalledProcessError, TimeoutExpired

from flow.libraries.library import Library
from flow.results import read_entry, write_entry
from gen.cache import content_key
from verif.yosys import run_abc

_FANOUT = 4
_SHORT, _LONG = 16, 32
_TIMEOUT_S = 300


def fo4_ps(library: Library) -> float:
    """Delay in ps per stage of a chain of the smallest inverter, each driving the next and three more like it.

    It is the difference between a long and a short chain, so what drives the first stage and loads the last does not
    count, and it is the mean of a rising and a falling stage. No wires. The result is cached.

    :raises RuntimeError: ABC does not read the library, or its inverter has no delay.
    :raises ToolMissing: pyosys is not installed.
    """
    key = content_key(library.content_hash, library.inverter, metadata.version("pyosys"), Path(__file__).read_bytes())
    entry = read_entry("characterization", key)
    if entry is None:
        delay = _measured(library)
        write_entry("characterization", key, delay)
        return delay
    return float(entry[0])


def _measured(library: Library) -> float:
    with tempfile.TemporaryDirectory(prefix="bitline-") as name:
        folder = Path(name)
        for index, path in enumerate(library.paths):
            (folder / f"library_{index}.lib").symlink_to(path)
        delays = [_chain_ps(library, folder, stages) for stages in (_SHORT, _LONG)]
    stage = (delays[1] - delays[0]) / (_LONG - _SHORT)
    if stage <= 0:
        raise RuntimeError(f"ABC finds no delay in inverter {library.inverter} of library {library.name}")
    return round(stage, 3)


def _chain_ps(library: Library, folder: Path, stages: int) -> float:
    (folder / "chain.blif").write_text(_chain(library, stages))
    reads = [f"read_lib {'-m ' * (index > 0)}library_{index}.lib" for index in range(len(library.paths))]
    try:
        log = run_abc([*reads, "read_blif chain.blif", "topo", "stime"], folder, _TIMEOUT_S)
    except CalledProcessError as error:
        raise RuntimeError(f"ABC ends with status {error.returncode} on library {library.name}") from None
    except TimeoutExpired:
        raise RuntimeError(f"ABC gave no delay of library {library.name} after {_TIMEOUT_S} s") from None
    delay = re.search(r"Delay =\s*([\d.]+) ps", log)
    if delay is None:
        said = log.strip().splitlines() or ["it says nothing"]
        raise RuntimeError(f"ABC finds no delay of library {library.name}: {said[-1].strip()}")
    return float(delay[1])


def _chain(library: Library, stages: int) -> str:
    """The chain as a mapped netlist: net ``nK`` drives stage K and three inverters that drive nothing."""
    cell = library.cells[library.inverter]
    (pin,), (output,) = cell.inputs, cell.outputs
    gates, ends = [], [f"n{stages}"]
    for stage in range(stages):
        loads = [f"x{stage}_{load}" for load in range(_FANOUT - 1)]
        gates += [f".gate {cell.name} {pin}=n{stage} {output}={net}" for net in (f"n{stage + 1}", *loads)]
        ends += loads
    return "\n".join([".model chain", ".inputs n0", f".outputs {' '.join(ends)}", *gates, ".end", ""])
