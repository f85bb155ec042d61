"""``bitline synth``."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from flow.commands.options import config_option, configured, design_argument, json_option, settings_argument


@click.command("synth")
@design_argument
@settings_argument
@config_option
@click.option("--library", "library_name", default="freepdk45", show_default=True, help="Cell library, by name.")
@click.option(
    "--liberty", multiple=True, type=click.Path(path_type=Path), help="Its liberty file or folder; may be repeated."
)
@json_option
def command(
    design: str,
    settings: tuple[str, ...],
    config: Path | None,
    library_name: str,
    liberty: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Price DESIGN by several recipes: area, delay, and area by submodule, of the smallest.

    Large arrays and the FP16 unit are priced block by block; everything else flattened. Results are cached.
    """
    from flow.libraries import find
    from flow.prices import price_design
    from flow.progress import steps

    chosen, parameters = configured(design, settings, config)
    library = find(library_name, liberty)
    with steps(f"synthesising {chosen.name}") as step:
        step(f"on {library.name}")
        report = price_design(chosen, parameters, library)
    click.echo(json.dumps(asdict(report), indent=2) if as_json else str(report))
