"""``bitline sweep``."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from flow.commands.options import config_option, design_argument, json_option, liberty_option, library_option


@click.command("sweep")
@design_argument
@click.argument("settings", nargs=-1, metavar="[KEY=VALUES]...")
@config_option
@click.option("--metric", "metrics", required=True, help="What to measure, with commas: area, delay, energy, error.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder to write or go on in; default ./DESIGN-sweep."
)
@click.option("--search", default="grid", show_default=True, help="grid (all points), random or optuna.")
@click.option("--points", type=int, help="How many points random and optuna try.")
@click.option("--seed", type=click.IntRange(0, (1 << 32) - 1), default=0, help="Seed of random and optuna.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; default: as many as there are cores.")
@click.option("--scheduler", metavar="ADDRESS", help="Measure on the workers of this Dask scheduler.")
@library_option
@liberty_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    design: str,
    settings: tuple[str, ...],
    config: Path | None,
    metrics: str,
    output: Path | None,
    search: str,
    points: int | None,
    seed: int,
    workers: int | None,
    scheduler: str | None,
    library_name: str,
    liberty: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Measure DESIGN at many parameter values and show which no other beats in every metric.

    VALUES are v1,v2 or lo:hi (integers, both ends in) or lo:hi:step, or several of these with commas. The folder gets
    results.jsonl, results.csv, pareto.svg, pareto.png and a table.html that sorts. A sweep that was stopped or killed
    goes on where it was when it is started again. Exit 1 when a point failed.
    """
    from flow.progress import steps
    from flow.sweep.report import write_report
    from flow.sweep.request import make_request
    from flow.sweep.run import run_sweep
    from flow.sweep.space import read_space
    from flow.sweep.table import front_text, rows_of
    from gen.catalog import find

    if workers and scheduler:
        raise ValueError("workers are this machine's; with --scheduler they are the scheduler's own")
    chosen = find(design)
    request = make_request(
        chosen,
        read_space(chosen, settings, config),
        metrics.split(","),
        library=library_name,
        liberty=tuple(path.absolute() for path in liberty),
        search=search,
        points=points,
        seed=seed,
    )
    folder = output or Path(f"{chosen.name}-sweep")
    with steps(f"sweeping {chosen.name}", total=points or request.space.size) as step:
        result = run_sweep(
            request, folder, workers=workers or os.cpu_count() or 1, scheduler=scheduler, say=_warn, step=step
        )
        rows = rows_of(result)
        files = write_report(result, rows, folder) if result.done else []
    if as_json:
        points_found = [asdict(row) for row in rows]
        paths = [path.as_posix() for path in files]
        click.echo(json.dumps({**request.describe(), "points": points_found, "files": paths}, indent=2))
    else:
        click.echo("\n".join([front_text(result, rows), "", *[path.as_posix() for path in files]]))
    context.exit(int(result.failed > 0))


def _warn(message: str) -> None:
    click.echo(f"bitline: {message}", err=True)
