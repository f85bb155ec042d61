"""Plots of system model and digits as SVG; the same study gives the same bytes."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flow.crossbar.digits_accuracy import DigitsStudy
from flow.crossbar.digits_noise import ALLOWED_DROP, SEEDS, knee_db
from flow.crossbar.system_study import SYSTEM_DAC_BITS, NetworkRow
from flow.demo.plots import COLOURS
from sim_models.crossbar.chip import neural_pim_parts
from sim_models.crossbar.costs import Component, isaac_tile
from sim_models.crossbar.energy import RULES, energies, isaac_over_neural_pim
from sim_models.crossbar.energy_sensitivity import FITTED_FACTOR, central, tornado
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM

_NAMES = {ISAAC: "ISAAC", CASCADE: "CASCADE", NEURAL_PIM: "Neural-PIM"}
_OURS = "bitline's model, from reported components"


def energy_plot(digital_pj: Mapping[str, float] | None = None) -> str:
    """Energy of a product of an array by strategy, stacked by part; both rules of accounting for Neural-PIM.

    A second panel has ``digital_pj`` by strategy, where it is measured, in place of the table's digital parts.
    """
    panels = {"digital parts of the table (32 nm)": _bars(None)}
    if digital_pj is not None:
        panels["digital parts synthesised (45 nm)"] = _bars(digital_pj)

    def draw(figure: Any) -> None:
        for axes, (title, bars) in zip(
            figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
        ):
            _stacks(axes, bars)
            axes.set(xlabel="energy of a product, 8 outputs (pJ)")
            axes.set_title(title, fontsize=9)
            axes.margins(x=0.05)
            axes.grid(alpha=0.25)
            axes.set_axisbelow(True)
        axes.invert_yaxis()
        figure.suptitle(f"{_OURS}; {SYSTEM_DAC_BITS}-bit DAC of factor {FITTED_FACTOR}", fontsize=9)
        _legend(figure, axes)

    return _figure_svg(draw, width=9.6)


def _bars(digital_pj: Mapping[str, float] | None) -> dict[str, dict[str, float]]:
    found = {}
    for rule in RULES:
        for strategy, energy in energies(central(rule), digital_pj).items():
            label = f"{_NAMES[strategy]}\n{rule}" if strategy == NEURAL_PIM else _NAMES[strategy]
            found[label] = energy.parts()
    return found


def area_plot() -> str:
    """Area of a tile by part: ISAAC's as reported, Neural-PIM's as reconstructed, a negative remainder left out."""
    bars = {
        "ISAAC, 16-bit\n(reported)": _areas(isaac_tile()),
        "ISAAC, 8-bit\n(ours)": _areas(isaac_tile(eight_bit=True)),
        "Neural-PIM\n(ours)": _areas(neural_pim_parts(FITTED_FACTOR)),
    }

    def draw(axes: Any) -> None:
        _stacks(axes, bars)
        axes.invert_yaxis()
        axes.set(xlabel="area of a tile (mm²)")
        axes.set_title("tiles of 96, 96 and 64 arrays", fontsize=9)

    return _svg(draw)


def _areas(parts: Sequence[Component]) -> dict[str, float]:
    """Areas by name, those below 1 % of the whole together."""
    whole = sum(max(0.0, part.area_mm2) for part in parts)
    large = {part.name: part.area_mm2 for part in parts if part.area_mm2 >= 0.01 * whole}
    return large | {"others": whole - sum(large.values())}


def tornado_plot() -> str:
    """Energy of ISAAC over that of Neural-PIM while one assumption goes over its range; a panel for each rule."""

    def draw(figure: Any) -> None:
        for axes, rule in zip(figure.subplots(1, len(RULES)), RULES, strict=True):
            swings, centre = tornado(rule), isaac_over_neural_pim(central(rule))
            for each in swings:
                label = f"{each.field}\n{each.low:g} to {each.high:g}"
                axes.barh([label], [each.at_high - each.at_low], left=each.at_low, color=COLOURS[0], height=0.6)
            axes.axvline(centre, color=COLOURS[11], linewidth=0.8)
            axes.invert_yaxis()
            axes.tick_params(labelsize=7)
            axes.set(xlabel="energy of ISAAC / Neural-PIM")
            axes.set_title(f"{rule}: {centre:.2f}", fontsize=9)
            axes.grid(alpha=0.25)
            axes.set_axisbelow(True)

    return _figure_svg(draw, width=9.6)


def network_plot(rows: Sequence[NetworkRow]) -> str:
    """Ratios to ISAAC of every network: energy by both rules and throughput."""
    values = {f"energy, {rule}": [row.saving(rule, ISAAC) for row in rows] for rule in RULES}
    values["throughput, fewest chips"] = [row.speed_up(ISAAC) for row in rows]
    return _svg(lambda axes: _grouped(axes, [row.network.name for row in rows], values))


def accuracy_plot(study: DigitsStudy) -> str:
    """Accuracy of the digits against SINAD of every layer with the knee, and read-outs at that of their worst layer."""
    levels, knee = study.levels, knee_db(study.levels, study.reference_percent)

    def draw(axes: Any) -> None:
        decibels = [level.sinad_db for level in levels]
        axes.fill_between(decibels, [it.lowest for it in levels], [it.highest for it in levels], alpha=0.25)
        axes.plot(decibels, [it.mean for it in levels], marker=".", label=f"Gaussian errors, {SEEDS} seeds")
        axes.axhline(study.reference_percent - ALLOWED_DROP, linestyle=":", label=f"int8 - {ALLOWED_DROP} points")
        if knee is not None:
            axes.axvline(knee, color=COLOURS[11], linewidth=0.8, label=f"knee, {knee:g} dB")
        for place, row in enumerate(row for row in study.rows if any(level is not None for level in row.sinad_db)):
            worst = min(level for level in row.sinad_db if level is not None)
            # On the whole test half, like the curve: what a read-out loses, from what the reference has.
            axes.plot([worst], [study.reference_percent - row.drop], "o", color=COLOURS[2 + place], label=row.name)
        axes.set(xlabel="SINAD of the worst layer (dB)", ylabel="accuracy (%)")
        axes.set_title("digits; bitline's network and models", fontsize=9)

    return _svg(draw, legend_columns=2)


def _grouped(axes: Any, names: Sequence[str], values: Mapping[str, Sequence[float]]) -> None:
    width = 0.8 / len(values)
    for place, (label, heights) in enumerate(values.items()):
        shift = (place - (len(values) - 1) / 2) * width
        axes.bar([x + shift for x in range(len(names))], heights, width, label=label, color=COLOURS[place])
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    axes.set(ylabel="Neural-PIM over ISAAC")
    axes.set_title(f"{_OURS}; {SYSTEM_DAC_BITS}-bit DAC of factor {FITTED_FACTOR}", fontsize=9)


def _stacks(axes: Any, bars: Mapping[str, Mapping[str, float]]) -> None:
    left = dict.fromkeys(bars, 0.0)
    names = list(dict.fromkeys(part for each in bars.values() for part in each))
    for place, name in enumerate(names):
        sizes = [each.get(name, 0.0) for each in bars.values()]
        colour = COLOURS[place % len(COLOURS)]
        axes.barh(list(bars), sizes, left=list(left.values()), color=colour, label=name, height=0.6)
        left = {bar: left[bar] + size for bar, size in zip(bars, sizes, strict=True)}


def _svg(draw: Callable[[Any], None], legend_columns: int = 4) -> str:
    def whole(figure: Any) -> None:
        axes = figure.subplots()
        draw(axes)
        axes.margins(x=0.05)
        axes.grid(alpha=0.25)
        axes.set_axisbelow(True)
        _legend(figure, axes, legend_columns)

    return _figure_svg(whole, width=7.6)


def _legend(figure: Any, axes: Any, columns: int = 4) -> None:
    # Not the best place in the axes: looking for it warns where the machine is slow.
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, frameon=False, fontsize=8
    )


def _figure_svg(draw: Callable[[Any], None], width: float) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bitline"}):
        figure = Figure(figsize=(width, 4.8), layout="constrained")
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
