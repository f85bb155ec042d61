"""``bitline verify``."""

import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.commands.options import config_option, configured, design_argument, json_option, settings_argument

if TYPE_CHECKING:
    from gen.catalog import Design


@click.command("verify")
@design_argument
@settings_argument
@config_option
@click.option("--seed", type=int, help="Repeat a run; drawn and printed otherwise.")
@click.option("--formal", is_flag=True, help="Only prove what is stated next to the components, by every engine.")
@click.option("--mutate", type=int, metavar="N", help="Only put N faults in, one by one, and see whether they show.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    design: str,
    settings: tuple[str, ...],
    config: Path | None,
    seed: int | None,
    formal: bool,
    mutate: int | None,
    as_json: bool,
) -> None:
    """Check DESIGN: cocotb benches, batch simulation, formal proof, vectors on the mapped netlist and its equivalence.

    Exit 1 when a check failed: with --mutate, when a fault does not show and is not proved harmless.
    """
    if formal and mutate is not None:
        raise ValueError("give --formal or --mutate, not both")
    chosen, parameters = configured(design, settings, config)
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    if mutate is None:
        passed = _witnesses(chosen, parameters, seed, formal, as_json)
    else:
        passed = _mutants(chosen, parameters, mutate, seed, as_json)
    context.exit(0 if passed else 1)


def _witnesses(design: "Design", parameters: Any, seed: int, formal: bool, as_json: bool) -> bool:
    from flow.progress import steps
    from flow.verification import verify, verify_formal

    with steps(f"checking {design.name}") as step:
        findings = verify_formal(design, parameters, step) if formal else verify(design, parameters, seed, step)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        words = {True: "passed", False: "FAILED", None: "no answer"}
        width = max(len(each.witness) for each in findings)
        for each in findings:
            click.echo(f"{words[each.passed]:9} {each.witness:{width}} {each.seconds:6.1f} s  {each.detail}")
    return all(each.passed is not False for each in findings)


def _mutants(design: "Design", parameters: Any, count: int, seed: int, as_json: bool) -> bool:
    from flow.progress import steps
    from verif.mutation import mutate

    with steps(f"mutants of {design.name}", total=count) as step:
        report = mutate(design, parameters, count, seed, step=step)
    click.echo(json.dumps(asdict(report) | report.counts(), indent=2) if as_json else str(report))
    return report.passed
