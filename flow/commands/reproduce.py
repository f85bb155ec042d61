"""``bitline reproduce``."""

import json
from importlib import import_module

import click

from flow.commands.options import json_option

FAMILIES = ("nmpu", "sar", "daism")


@click.command("reproduce")
@click.argument("family", type=click.Choice(FAMILIES), metavar="FAMILY")
@json_option
def command(family: str, as_json: bool) -> None:
    """Print the headline figures of FAMILY's paper beside measured ones, with the limits of the comparison.

    FAMILY is nmpu, sar or daism. Measures on FreePDK45 with every recipe: minutes at first, seconds from the cache.
    """
    from flow.libraries import find
    from flow.progress import steps

    reproduction = import_module(f"flow.reproduce_{family}")
    with steps(f"reproducing {family}", total=reproduction.STEPS) as step:
        measured = reproduction.reproduce(find(), step)
    click.echo(json.dumps(reproduction.data(measured), indent=2) if as_json else reproduction.text(measured))
