"""One Yosys run in a process of its own: a run is never influenced by an earlier one in the same process.

``python -m flow.synthesis.yosys_job`` reads a request as JSON from standard input and answers on standard output. All
files have fixed names in the current folder (design.v, library_N.lib, mapping.abc, constraint.txt; the results are
netlist.v and flat.blif), so no path chosen by a user gets into a Yosys command, and the design's name only when it is
an identifier.
"""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from flow.synthesis.path_delay import longest_path_ps

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def main() -> None:
    """Run one job. A failure ends the process with status 1 and the reason, Yosys's or ours, on standard error."""
    request = json.load(sys.stdin)
    answer = os.fdopen(os.dup(1), "w")
    log = os.open("yosys.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    try:
        reply = run(request)
    except (ValueError, RuntimeError) as error:
        sys.exit(str(error))
    reply["warnings"] = _warnings(Path("yosys.log").read_text(errors="replace"))
    with answer:
        json.dump(reply, answer)


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Synthesise ``design.v`` of the current folder; returns cells by module, longest path and Yosys's version.

    :raises ValueError: the design's name is no identifier, or the library lacks a cell.
    :raises RuntimeError: ABC finds no delay.
    """
    from pyosys import libyosys

    design = libyosys.Design()
    for command in _commands(request):
        libyosys.Pass.call(design, command)
    modules = _modules(design)
    _refuse_unmapped(modules, request["cells"])
    for command in ("setattr -mod -unset keep_hierarchy *", "flatten"):
        libyosys.Pass.call(design, command)
    libyosys.Pass.call(design, "write_blif -gates flat.blif")
    delay = longest_path_ps(Path.cwd(), request["state"])
    return {"modules": modules, "delay_ps": delay, "yosys": libyosys.yosys_maybe_version()}


def _commands(request: Mapping[str, Any]) -> list[str]:
    top = request["top"]
    for name in (top, *request["memories"]):
        if not IDENTIFIER.fullmatch(name):
            raise ValueError(f"a module's name must be a plain identifier, not {name!r}")
    flatten = "-flatten" if request["flatten"] else ""
    liberty = " ".join(f"-liberty library_{index}.lib" for index in range(request["libraries"]))
    avoid = " ".join(f"-dont_use {cell}" for cell in request["dont_use"])
    return [
        "libcache -scl -dir scl",
        "read_verilog design.v",
        # A memory stays a module of its own in a flat netlist, so that its area is known apart.
        *(f"setattr -mod -set keep_hierarchy 1 {name}" for name in request["memories"]),
        f"synth -top {top} {flatten} {' '.join(request['options'])}",
        f"dfflibmap {liberty} {avoid}",
        "opt -fast",
        "setundef -zero",
        f"abc {liberty} {avoid} -constr constraint.txt -script mapping.abc",
        "opt_clean -purge",
        "write_verilog -noattr -noexpr -nohex -simple-lhs netlist.v",
    ]


def _modules(design: Any) -> dict[str, dict[str, Any]]:
    """Of each module: how many library cells of each kind, and the module of each instance."""
    kinds = {
        _plain(name): {_plain(instance): _plain(cell.type) for instance, cell in module.cells_.items()}
        for name, module in design.modules_.items()
        if not module.get_blackbox_attribute(False)
    }
    return {
        name: {
            "cells": Counter(kind for kind in inside.values() if kind not in kinds),
            "instances": {instance: kind for instance, kind in inside.items() if kind in kinds},
        }
        for name, inside in kinds.items()
    }


def _refuse_unmapped(modules: Mapping[str, Mapping[str, Any]], known: Collection[str]) -> None:
    used = {cell for module in modules.values() for cell in module["cells"]}
    if unmapped := sorted(used - set(known)):
        raise ValueError(f"the library has no cell for {', '.join(unmapped)}")


def _plain(name: Any) -> str:
    return name.str().removeprefix("\\")


def _warnings(log: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"^Warning: (.*)$", log, re.M)))


if __name__ == "__main__":
    main()
