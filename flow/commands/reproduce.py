"""``bitline reproduce``."""

import json
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from flow.commands.options import json_option

FAMILIES = ("nmpu", "sar", "daism", "asm", "crossbar")


@click.command("reproduce")
@click.argument("family", type=click.Choice(FAMILIES), metavar="FAMILY")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder to write the report and its plots to.")
@json_option
def command(family: str, output: Path | None, as_json: bool) -> None:
    """Print the headline figures of FAMILY's paper beside measured ones, with the limits of the comparison.

    FAMILY is nmpu, sar, daism, asm or crossbar. Measures on FreePDK45 with every recipe: minutes at first, seconds from
    the cache. With a folder, report.txt, report.json and the plots are written there as well.
    """
    from flow.libraries import find
    from flow.progress import steps
    from gen.emit import replace_folder
    from gen.manifest import refuse_foreign

    reproduction = import_module(f"flow.reproduce_{family}")
    if output is not None:
        refuse_foreign(output)
    with steps(f"reproducing {family}", total=reproduction.STEPS) as step:
        measured = reproduction.reproduce(find(), step)
    text, data = reproduction.text(measured), json.dumps(reproduction.data(measured), indent=2)
    if output is not None:
        replace_folder(output, _files(family, text, data, _plots(reproduction, measured)))
    click.echo(data if as_json else text)


def _plots(reproduction: ModuleType, measured: Any) -> dict[str, str]:
    """The plots as SVG by file name; a family whose figures are tables only has none."""
    draw = getattr(reproduction, "plots", None)
    return draw(measured) if draw else {}


def _files(family: str, text: str, data: str, plots: dict[str, str]) -> dict[str, str]:
    from gen.manifest import MANIFEST, report_manifest

    files = {"report.txt": text + "\n", "report.json": data + "\n", **plots}
    return {**files, MANIFEST: report_manifest(f"reproduction of {family}", files)}
