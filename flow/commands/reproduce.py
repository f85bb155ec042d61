"""``bitline reproduce``."""

import json

import click

from flow.commands.options import json_option

FAMILIES = ("nmpu",)


@click.command("reproduce")
@click.argument("family", type=click.Choice(FAMILIES), metavar="FAMILY")
@json_option
def command(family: str, as_json: bool) -> None:
    """Print the headline figures of FAMILY's paper beside measured ones, with the limits of the comparison.

    Measures on FreePDK45 with every recipe: minutes at first, seconds from the cache.
    """
    from flow.libraries import find
    from flow.progress import steps
    from flow.reproduce_nmpu import LANES, data, reproduce, text

    with steps(f"reproducing {family}", total=4 + len(LANES)) as step:
        measured = reproduce(find(), step)
    click.echo(json.dumps(data(measured), indent=2) if as_json else text(measured))
