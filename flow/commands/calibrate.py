"""``bitline calibrate``."""

import json
from pathlib import Path

import click

from flow.commands.options import json_option


@click.command("calibrate")
@click.option(
    "--network", type=click.Choice(["digits"]), default="digits", show_default=True, help="What to calibrate."
)
@click.option(
    "--cell-bits", type=click.IntRange(1, 2), default=1, show_default=True, help="Bits of a weight in a cell."
)
@click.option(
    "--encoding",
    type=click.Choice(["differential", "offset"]),
    default="differential",
    show_default=True,
    help="How weights of both signs are stored.",
)
@click.option("--complement-columns", is_flag=True, help="Store columns complemented that would sum to more than half.")
@click.option("--bits", type=click.IntRange(2, 12), default=8, show_default=True, help="Resolution of the converters.")
@click.option("--max-drop", type=float, default=0.5, show_default=True, help="Accuracy limit, in percentage points.")
@click.option("--min-saving", type=float, help="Saving, in bits over comparisons, below which it is a failure.")
@click.option("--images", type=int, default=64, show_default=True, help="Images that the histograms are taken from.")
@click.option("--slice-aware", is_flag=True, help="Weigh errors by the place of their bit line in the sum.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("calibration"), show_default=True, help="Folder."
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    network: str,
    cell_bits: int,
    encoding: str,
    complement_columns: bool,
    bits: int,
    max_drop: float,
    min_saving: float | None,
    images: int,
    slice_aware: bool,
    output: Path,
    as_json: bool,
) -> None:
    """Choose twin-range configurations for the converters of a network on crossbar arrays, layer by layer.

    From the bit-line counts of real images: per layer the configuration of fewest comparisons for an error, over the
    network as much error as the accuracy limit allows. Writes configuration.json with the register values, histograms
    and report.md, and prints the saving beside clipped converters of as many comparisons. Exit 1 when a limit is not
    met; the best found is written and reported all the same.
    """
    from flow.progress import steps
    from flow.sar.arrays import ArrayParameters
    from flow.sar.calibration import calibrate_network
    from flow.sar.export import write_calibration
    from flow.sar.report import data, text
    from flow.sar.result import Request
    from gen.manifest import refuse_foreign

    arrays = ArrayParameters(cell_bits=cell_bits, encoding=encoding, complement_columns=complement_columns)
    request = Request(
        arrays=arrays, bits=bits, max_drop=max_drop, min_saving=min_saving, images=images, slice_aware=slice_aware
    )
    refuse_foreign(output)
    with steps(f"calibrating {network}", total=5) as step:
        result = calibrate_network(request, step)
        step("writing")
        files = [path.as_posix() for path in write_calibration(result, output)]
    if as_json:
        click.echo(json.dumps({"network": network, **data(result), "files": files}, indent=2))
    else:
        click.echo("\n".join([text(result), "", *files]))
    context.exit(int(bool(result.failures)))
