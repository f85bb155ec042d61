"""``bitline synth``."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flow.commands.options import (
    config_option,
    configured,
    design_argument,
    json_option,
    liberty_option,
    library_option,
    settings_argument,
)

if TYPE_CHECKING:
    from flow.libraries import Library
    from gen.catalog import Design

_Section = tuple[dict[str, Any], str]  # the same as JSON and as text


@click.command("synth")
@design_argument
@settings_argument
@config_option
@library_option
@liberty_option
@click.option("--energy", is_flag=True, help="Also energy per operation, from gate-level activity. Needs OpenSTA.")
@click.option(
    "--front", type=click.Path(path_type=Path), help="Also an area-delay front: plot and JSON to this folder."
)
@click.option("--memory-macro", type=click.Path(path_type=Path), help="SRAM model (TOML) that stands for the memories.")
@click.option("--target", help="Place and route on an FPGA instead: ice40 or ecp5.")
@json_option
def command(
    design: str,
    settings: tuple[str, ...],
    config: Path | None,
    library_name: str,
    liberty: tuple[Path, ...],
    energy: bool,
    front: Path | None,
    memory_macro: Path | None,
    target: str | None,
    as_json: bool,
) -> None:
    """Price DESIGN by several recipes: area, delay, and area by submodule, of the smallest.

    Large arrays and the FP16 unit are priced block by block; everything else flattened. Results are cached.
    """
    from flow.progress import steps

    chosen, parameters = configured(design, settings, config)
    if front is not None:
        from flow.prices.front_report import front_files

        front_files(chosen.name, front)
    with steps(f"synthesising {chosen.name}") as step:
        if target is not None:
            _refuse_with_target(
                {"--energy": energy, "--front": front, "--memory-macro": memory_macro, "--liberty": liberty}
            )
            step(f"on {target}")
            sections = [_placed(chosen, parameters, target)]
        else:
            from flow.libraries import find

            library = find(library_name, liberty)
            step(f"on {library.name}")
            sections = [_priced(chosen, parameters, library, memory_macro)]
            if energy:
                step("energy")
                sections.append(_energy(chosen, parameters, library))
            if front is not None:
                step("area-delay front")
                sections.append(_front(chosen, parameters, library, front))
    if as_json:
        click.echo(json.dumps({key: value for record, _ in sections for key, value in record.items()}, indent=2))
    else:
        click.echo("\n".join(text for _, text in sections))


def _placed(design: "Design", parameters: Any, target: str) -> _Section:
    from flow.fpga import place_and_route

    placed = place_and_route(design.elaborate(parameters), target)
    return asdict(placed), str(placed)


def _priced(design: "Design", parameters: Any, library: "Library", memory_macro: Path | None) -> _Section:
    from flow.prices import price_design
    from flow.prices.macros import with_macro
    from flow.prices.memory_macro import read_macro

    macro = read_macro(memory_macro) if memory_macro else None
    price = price_design(design, parameters, library)
    price = with_macro(price, macro) if macro else price
    return price.record(), str(price)


def _energy(design: "Design", parameters: Any, library: "Library") -> _Section:
    from flow.power import design_energy

    energy = design_energy(design, parameters, library)
    return {"energy": asdict(energy) | {"total_pj": energy.total_pj}}, str(energy)


def _front(design: "Design", parameters: Any, library: "Library", folder: Path) -> _Section:
    from flow.prices.designs import design_front
    from flow.prices.front_report import front_text, write_front

    front = design_front(design, parameters, library)
    files = write_front(front, folder)
    return {"front": [asdict(point) for point in front.points]}, front_text(front, files)


def _refuse_with_target(asked: Mapping[str, Any]) -> None:
    """Cell libraries and FPGAs do not mix."""
    for option, value in asked.items():
        if value:
            raise ValueError(f"{option} is for cell libraries and does not go with --target")
