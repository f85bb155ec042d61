"""The ``bitline`` command. Each verb is imported only when it runs, so that help is immediate."""

import sys
from importlib import import_module

import click

VERBS = {
    "list": "The designs: what each is, latency, status.",
    "show": "One design: parameters, ports, latency, source.",
    "generate": "Write a design's Verilog, manifest and testbench to a folder.",
    "verify": "Check a design: cocotb, batch simulation, proof, mapped netlist.",
    "synth": "Price a design on a cell library: area, delay, breakdown.",
    "sweep": "Measure a design at many parameter values; show which no other beats.",
    "export": "Write a design as a cost model for simulators, or for LibreLane to harden.",
    "calibrate": "Choose the converters' ranges of a network on crossbar arrays, under an accuracy limit.",
    "libraries": "The cell libraries: which are found, where, how large and how fast.",
    "reproduce": "Print a published system's headline figures beside the measured ones.",
    "demo": "Classify handwritten digits through generated, simulated, priced hardware.",
    "doctor": "What is installed, what is missing, what that disables, what installs it.",
}


class LazyVerbs(click.Group):
    """Commands named by `VERBS`, each in its own module of `flow.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return import_module(f"flow.commands.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from gen.suggest import unknown

            raise ValueError(unknown("command", args[0], VERBS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyVerbs, no_args_is_help=True)
@click.version_option(package_name="bitline", message="bitline %(version)s")
def bitline() -> None:
    """Generate, check and price processing-in-memory hardware."""


def main() -> None:
    """Run the command line: exit 0 done, 1 a check failed, 2 bad input (one line on stderr)."""
    try:
        sys.exit(bitline.main(prog_name="bitline", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _refuse(error.format_message())
    except click.Abort:
        _refuse("interrupted")
    except BrokenPipeError:
        sys.exit(1)
    except (ValueError, RuntimeError) as error:
        if not _is_refusal(error):
            raise
        _refuse(str(error))
    except AssertionError as error:
        # A witness called on the way, such as the golden model beside the netlist whose energy is measured.
        if not _is_refusal(error):
            raise
        click.echo(f"bitline: check failed: {error}", err=True)
        sys.exit(1)


def _is_refusal(error: Exception) -> bool:
    """Refusals are raised by this project's own modules; anything deeper is a defect and keeps its traceback."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    name = trace.tb_frame.f_globals.get("__name__", "") if trace else ""
    return name.split(".")[0] in ("sim_models", "hdl", "gen", "verif", "flow")


def _refuse(message: str) -> None:
    click.echo(f"bitline: {' '.join(message.split())}", err=True)
    sys.exit(2)
