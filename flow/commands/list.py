"""``bitline list``."""

import json

import click

from flow.commands.options import json_option


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """Print the designs, one a line: name, status, latency, what it is."""
    from gen.catalog import DESIGNS

    rows = [
        {"name": each.name, "status": each.status, "latency": each.latency, "summary": each.summary} for each in DESIGNS
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    widths = [max(len(row[key]) for row in rows) for key in ("name", "status", "latency")]
    for row in rows:
        columns = (row[key].ljust(width) for key, width in zip(("name", "status", "latency"), widths, strict=True))
        click.echo("  ".join((*columns, row["summary"])))
