"""Plots of prices and accuracies as SVG; the same numbers give the same bytes."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flow.asm.prices_accuracy import AccuracyPoint
from flow.asm.prices_system import GROUPS, IN_MEMORY, SystemEnergy
from flow.demo.plots import COLOURS
from flow.prices.asm import EXACT, RELAXED, SETS, TIGHT, BlockPrices, Variant, pareto

_MARKERS = {4: "o", 8: "s", 12: "D"}
_LINES = {4: ":", 8: "--", 12: "-"}
_CONDITIONS = "FreePDK45, pre-layout, no wires"
_MODEL = "logic synthesised on FreePDK45, memories and wires by a stated model"


def area_plot(prices: Sequence[BlockPrices]) -> str:
    """Area against longest path, a panel for each width; lines join the netlists that none beats."""

    def draw(figure: Any) -> None:
        for place, found in enumerate(prices):
            axes = figure.add_subplot(1, len(prices), place + 1)
            plain = [variant for variant in found.netlists if variant.codes == "plain"]
            for colour, variant in enumerate(plain):
                front = pareto(found.netlists[variant])
                points = [each.longest_ps for each in front], [each.area_um2 for each in front]
                style = {"linewidth": 2, "color": COLOURS[11]} if variant == EXACT else {"color": COLOURS[colour - 1]}
                axes.plot(*points, marker="o", markersize=3, label=variant.name, **style)
            for speed in (TIGHT, RELAXED):
                axes.axvline(found.speeds[speed], linewidth=0.7, linestyle=":", color=COLOURS[8])
                axes.text(found.speeds[speed], 0.98, speed, transform=axes.get_xaxis_transform(), **_LABEL)
            axes.set(xlabel="longest path (ps)", title=f"{found.bits} bits")
            axes.set_ylim(bottom=0)
            _finish(axes)
            if place == 0:
                axes.set_ylabel(f"area of 4 {found.block} lanes (um²)")
                axes.legend(frameon=False, fontsize=7, loc="lower left")
        figure.suptitle(f"area against delay, {_CONDITIONS}", fontsize=9)

    return _svg(draw, (9.6, 4.2))


_LABEL: dict[str, Any] = {"rotation": 90, "fontsize": 6, "va": "top", "ha": "right", "color": COLOURS[8]}


def energy_plot(points: Mapping[int, Sequence[SystemEnergy]]) -> str:
    """Energy of a multiply-accumulate, terms stacked: a row for each width, in memory on a scale of its own."""

    def draw(figure: Any) -> None:
        rows = [[len(_outside(found)) for found in points.values()], [1.4, 1]]
        grid = figure.subplots(len(points), 2, gridspec_kw={"height_ratios": rows[0], "width_ratios": rows[1]})
        for line, (bits, found) in zip(grid.reshape(len(points), 2), points.items(), strict=True):
            inside = [each for each in found if each.system.placement == IN_MEMORY]
            for axes, chosen in zip(line, (_outside(found), inside), strict=True):
                _stack(axes, chosen)
            line[0].set_title(f"{bits} bits", fontsize=9, loc="left")
        for axes in grid.reshape(len(points), 2)[-1]:
            axes.set_xlabel("energy of a multiply-accumulate (pJ)")
        handles, labels = grid.reshape(len(points), 2)[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(GROUPS), frameon=False, fontsize=8)
        figure.suptitle(f"{_MODEL}; scales differ between columns", fontsize=9)

    return _svg(draw, (11, 7.2))


def _outside(found: Sequence[SystemEnergy]) -> list[SystemEnergy]:
    return [each for each in found if each.system.placement != IN_MEMORY]


def _stack(axes: Any, chosen: Sequence[SystemEnergy]) -> None:
    names = [each.system.name for each in chosen]
    left = [0.0] * len(chosen)
    for place, term in enumerate(GROUPS):
        sizes = [each.terms()[term] for each in chosen]
        axes.barh(names, sizes, left=left, height=0.65, color=COLOURS[place], label=term)
        left = [start + size for start, size in zip(left, sizes, strict=True)]
    axes.invert_yaxis()
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25, axis="x")
    axes.set_axisbelow(True)


def accuracy_plot(points: Sequence[AccuracyPoint], energies: Mapping[tuple[int, tuple[int, ...]], float]) -> str:
    """Accuracy by alphabets, and against the energy of a multiply-accumulate near memory, by width and set.

    ``energies``: pJ by width and alphabets; points of others are in the left half alone.
    """

    def draw(figure: Any) -> None:
        by_set, by_energy = figure.subplots(1, 2, sharey=True)
        plain = [each for each in points if each.plain]
        lines = dict.fromkeys((each.network, each.origin, each.bits) for each in plain)
        origins = list(dict.fromkeys((network, origin) for network, origin, _ in lines))
        for network, origin, bits in lines:
            colour = COLOURS[origins.index((network, origin))]
            own = sorted(
                (each for each in plain if (each.network, each.origin, each.bits) == (network, origin, bits)),
                key=lambda each: len(each.alphabets),
            )
            style = {"color": colour, "marker": _MARKERS[bits], "linestyle": _LINES[bits], "markersize": 4}
            label = f"{network}, {origin}, {bits} bits"
            places = [SETS.index(each.alphabets) for each in own]
            by_set.plot(places, [100 * each.accuracy for each in own], label=label, **style)
            priced = [each for each in own if (bits, each.alphabets) in energies]
            if priced:
                spent = [energies[bits, each.alphabets] for each in priced]
                by_energy.plot(spent, [100 * each.accuracy for each in priced], **style)
                for x, each in zip(spent, priced, strict=True):
                    _note(by_energy, Variant(alphabets=each.alphabets).name, x, 100 * each.accuracy)
        by_set.set_xticks(range(len(SETS)), [Variant(alphabets=each).name for each in SETS])
        by_set.set(xlabel="alphabets", ylabel=f"correct of {points[0].images} test images (%)")
        by_energy.set(xlabel="energy of a multiply-accumulate near memory (pJ)")
        by_energy.margins(x=0.12)
        for axes in (by_set, by_energy):
            _finish(axes)
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=7)
        figure.suptitle(f"digits networks; {_MODEL}", fontsize=9)

    return _svg(draw, (9.6, 5.0))


def _note(axes: Any, text: str, x: float, y: float) -> None:
    axes.annotate(text, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=5.5, color=COLOURS[11])


def _finish(axes: Any) -> None:
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)


def _svg(draw: Callable[[Any], None], size: tuple[float, float]) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bitline"}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
