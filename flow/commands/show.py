"""``bitline show``."""

import json
from dataclasses import asdict
from inspect import getdoc
from pathlib import Path
from typing import Any

import click

from flow.commands.options import config_option, configured, design_argument, json_option, settings_argument


@click.command("show")
@design_argument
@settings_argument
@config_option
@json_option
def command(design: str, settings: tuple[str, ...], config: Path | None, as_json: bool) -> None:
    """Print DESIGN's description, parameters, latency and ports."""
    from gen.describe import describe_ports
    from gen.rtl import elaborate

    chosen, parameters = configured(design, settings, config)
    component = chosen.build(parameters)
    ports = describe_ports(component)
    elaborate(component, chosen.name)  # refuses what cannot be built, and Amaranth wants what is made to be used
    cycles = chosen.cycles(parameters)
    if as_json:
        fields = {"name": chosen.name, "summary": chosen.summary, "source": chosen.source, "status": chosen.status}
        click.echo(json.dumps({**fields, "parameters": asdict(parameters), "cycles": cycles, "ports": ports}, indent=2))
        return
    click.echo(f"{chosen.name}: {chosen.summary}\nSource: {chosen.source}\nStatus: {chosen.status}\n")
    click.echo(f"{getdoc(type(component))}\n\nLatency: {chosen.latency} = {cycles} cycles\n\nParameters:")
    for name, value in asdict(parameters).items():
        click.echo(f"  {name} = {value}")
    click.echo("\nPorts:")
    for port in ports:
        _print_port(port, depth=1)


def _print_port(port: dict[str, Any], depth: int, lanes: int = 1) -> None:
    """One line a port or field; arrays show their lane, structs their fields."""
    if "lane" in port:
        _print_port({**port["lane"], "name": port["name"], **_direction(port)}, depth, lanes * port["lanes"])
        return
    repeated = f"{lanes} x " if lanes > 1 else ""
    label = f"{'  ' * depth}{_direction(port).get('direction', ''):7}{port['name']}".rstrip()
    click.echo(f"{label}: {repeated}{port['width']} bit{_format(port.get('format'))}")
    for field in port.get("fields", ()):
        _print_port({**field, "name": f".{field['name']}"}, depth + 4)


def _direction(port: dict[str, Any]) -> dict[str, str]:
    return {"direction": port["direction"]} if "direction" in port else {}


def _format(number: Any) -> str:
    if not isinstance(number, dict):
        return ""
    widths = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in number.items() if name != "kind")
    return f", {number['kind']} ({widths})"
