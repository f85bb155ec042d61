"""``bitline verify``."""

import json
import random
from dataclasses import asdict
from pathlib import Path

import click

from flow.commands.options import config_option, configured, design_argument, json_option, settings_argument


@click.command("verify")
@design_argument
@settings_argument
@config_option
@click.option("--seed", type=int, help="Repeat a run; drawn and printed otherwise.")
@json_option
@click.pass_context
def command(
    context: click.Context, design: str, settings: tuple[str, ...], config: Path | None, seed: int | None, as_json: bool
) -> None:
    """Check DESIGN: cocotb benches, batch simulation, formal proof, vectors on the mapped netlist.

    Exit 1 when a check failed.
    """
    from flow.progress import steps
    from flow.verification import verify

    chosen, parameters = configured(design, settings, config)
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    with steps(f"checking {chosen.name}") as step:
        findings = verify(chosen, parameters, seed, step)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        words = {True: "passed", False: "FAILED", None: "not run"}
        for each in findings:
            click.echo(f"{words[each.passed]:8} {each.witness:20} {each.seconds:6.1f} s  {each.detail}")
    context.exit(int(any(each.passed is False for each in findings)))
