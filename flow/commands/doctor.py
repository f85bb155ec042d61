"""``bitline doctor``."""

import json
from dataclasses import asdict

import click

from flow.commands.options import json_option


@click.command("doctor")
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Say what is installed, what is missing, what that disables and the command that installs it.

    Exit 1 when something is missing that the main jobs need.
    """
    from flow.doctor import examine

    findings = examine()
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        width = max(len(each.tool) for each in findings)
        for each in findings:
            click.echo(f"{'ok     ' if each.found else 'missing'}  {each.tool:{width}}  {each.found or each.remedy}")
    context.exit(int(any(not each.found and each.required for each in findings)))
