"""``bitline demo``."""

import json
from pathlib import Path

import click

from flow.commands.options import json_option


@click.command("demo")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("bitline-demo.html"), help="Report to write."
)
@click.option("--seed", type=click.IntRange(0), default=0, help="Draws gains, offsets and noise of the analog columns.")
@json_option
@click.pass_context
def command(context: click.Context, output: Path, seed: int, as_json: bool) -> None:
    """Classify scikit-learn's handwritten digits through the generated NMPU in simulation, and write a report.

    The correction behind every layer of an int8 network on modelled analog columns is done in float64, by the FP16
    model, by the NMPU golden model and by the generated Verilog. Exit 1 when golden model and Verilog differ anywhere.
    """
    from flow.demo.report import data, text, write_page
    from flow.demo.run import run_demo
    from flow.progress import steps

    if not output.absolute().parent.is_dir():
        raise ValueError(f"cannot write {output}: its folder does not exist")
    with steps("digits demo", total=9) as step:
        result = run_demo(seed, step)
        step("writing the report")
        write_page(result, output)
    if as_json:
        click.echo(json.dumps({**data(result), "report": output.as_posix()}, indent=2))
    else:
        click.echo(f"{text(result)}\n\nreport: {output}")
    context.exit(int(result.mismatches > 0))
