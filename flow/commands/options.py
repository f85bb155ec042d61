"""Arguments that several verbs share."""

from pathlib import Path
from typing import Any

import click

from gen.catalog import Design, find
from gen.configure import configure

design_argument = click.argument("design")
settings_argument = click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
config_option = click.option("--config", type=click.Path(path_type=Path), help="TOML file with parameter keys.")
library_option = click.option(
    "--library", "library_name", default="freepdk45", show_default=True, help="Cell library, by name."
)
liberty_option = click.option(
    "--liberty", multiple=True, type=click.Path(path_type=Path), help="Its liberty file or folder; may be repeated."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def configured(name: str, settings: tuple[str, ...], config: Path | None) -> tuple[Design, Any]:
    """The design called ``name`` and its parameters."""
    design = find(name)
    return design, configure(design.configuration(), settings, config)
