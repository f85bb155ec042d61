"""``bitline export``."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from flow.commands.options import (
    config_option,
    configured,
    design_argument,
    json_option,
    liberty_option,
    library_option,
    settings_argument,
)


@click.group("export")
def command() -> None:
    """Write a design in the form that another tool reads."""


@command.command("cost-model")
@design_argument
@settings_argument
@config_option
@library_option
@liberty_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@json_option
def cost_model(
    design: str,
    settings: tuple[str, ...],
    config: Path | None,
    library_name: str,
    liberty: tuple[Path, ...],
    output: Path,
    as_json: bool,
) -> None:
    """Write DESIGN's area, leakage, energy and latency as DESIGN.json and as a Python class, DESIGN_component.py.

    The class has the form of the components of hwcomponents and needs neither it nor bitline. Without OpenSTA, energy
    and leakage are null, with the reason. A file that bitline did not write is never touched.
    """
    from flow.exports.measured import measure
    from flow.exports.writing import write_cost_model
    from flow.libraries import find
    from flow.progress import steps

    chosen, parameters = configured(design, settings, config)
    library = find(library_name, liberty)
    with steps(f"measuring {chosen.name}") as step:
        step(f"on {library.name}")
        model = measure(chosen, parameters, library)
    _report(chosen.name, write_cost_model(model, output), as_json)


@command.command("librelane")
@design_argument
@settings_argument
@config_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@json_option
def librelane(design: str, settings: tuple[str, ...], config: Path | None, output: Path, as_json: bool) -> None:
    """Write what LibreLane needs to harden DESIGN: Verilog, config.json and timing constraints.

    A folder that bitline did not write is never touched.
    """
    chosen, parameters = configured(design, settings, config)
    from flow.exports.librelane import write_librelane
    from flow.progress import steps

    with steps(f"exporting {chosen.name}") as step:
        step("estimating a clock period")
        files = write_librelane(chosen, parameters, output)
    _report(chosen.name, files, as_json)


def _report(design: str, files: Sequence[Path], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"design": design, "files": [path.as_posix() for path in files]}))
    else:
        click.echo("\n".join(path.as_posix() for path in files))
