"""``bitline generate``."""

import json
from pathlib import Path

import click

from flow.commands.options import config_option, configured, design_argument, json_option, settings_argument


@click.command("generate")
@design_argument
@settings_argument
@config_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write; default ./DESIGN.")
@json_option
def command(design: str, settings: tuple[str, ...], config: Path | None, output: Path | None, as_json: bool) -> None:
    """Write DESIGN's Verilog, manifest, FuseSoC core, file list and cocotb testbench.

    The same input gives the same bytes. A folder that bitline did not write is never touched.
    """
    from gen.emit import write

    chosen, parameters = configured(design, settings, config)
    folder = output or Path(chosen.name)
    files = write(chosen, parameters, folder)
    if as_json:
        click.echo(json.dumps({"design": chosen.name, "files": [path.as_posix() for path in files]}))
    else:
        click.echo("\n".join(path.as_posix() for path in files))
