"""Published claims and the trade-off study as lines of text."""

from collections.abc import Sequence

from flow.daism.inference import AccuracyRow
from flow.daism.tradeoff import Point
from flow.daism.tradeoff_blocks import REFERENCE_SIZE
from flow.daism.tradeoff_claims import COLUMNS, VARIANT, CycleClaim, EnergyClaim
from flow.daism.tradeoff_efficiency import NODE_NM, OURS, Efficiency
from flow.daism.training import LossCurve
from sim_models.daism.comparisons import figure, z_pim_gops_per_mm2
from sim_models.daism.energy_sensitivity import Sensitivity
from sim_models.daism.layers import VGG16_CONV1_1

_MOST_SENSITIVE = 6


def published(name: str) -> str:
    """One of the paper's own claims, with its evidence."""
    claim = figure("DAISM", name)
    return f"  {claim.evidence}: {claim.value:g} {claim.unit} ({claim.conditions})"


def energy_lines(claims: Sequence[EnergyClaim]) -> list[str]:
    """The saving of energy: scenarios, sizes and columns on one layer, and how many of all claims reach it."""
    wanted = figure("DAISM", "energy saving").value
    lines = ["25 % less energy", published("energy saving")]
    lines.append(f"  ours, pJ a multiply-accumulate on the chip, {VGG16_CONV1_1.name}, {VARIANT}, equal SRAM:")
    lines.append(f"  {'':12}{'':14}{'':11}{'ours':>7}{'base':>7}{'saving %':>9}  one term x0.5 or x2     with DRAM %")
    for claim in claims:
        if claim.layer == VGG16_CONV1_1.name and claim.baseline == "equal SRAM":
            between = f"{claim.lowest[0]:.0f} ({claim.lowest[1]}) to {claim.highest[0]:.0f} ({claim.highest[1]})"
            lines.append(
                f"  {claim.scenario:12}{claim.size:14}{claim.kept_columns:11}{claim.on_chip:7.2f}"
                f"{claim.baseline_on_chip:7.2f}{claim.saving:9.1f}  {between}; {claim.total_saving:.1f}"
            )
    for scenario in dict.fromkeys(claim.scenario for claim in claims):
        chosen = [claim for claim in claims if claim.scenario == scenario]
        reached = [claim for claim in chosen if claim.saving >= wanted]
        robust = sum(claim.lowest[0] >= wanted for claim in reached)
        lines.append(
            f"  criterion, {wanted:g} % or more: {scenario}: {len(reached)} of {len(chosen)} comparisons, "
            f"{robust} of them whichever term is halved or doubled"
        )
    return [
        *lines,
        "  stated: 0.1 pJ for a partial sum here, 2 pJ for its two register accesses in the baseline; equal sums:",
        "  2 pJ in both; gate level: lanes measured in both, sums in flip-flops, clocked in every cycle, in both",
        "  limit: layers, network, constraints and baseline of the published figure are unknown; no driver is zero",
    ]


def cycle_lines(claims: Sequence[CycleClaim]) -> list[str]:
    """The saving of cycles, by layer, size and columns, against every baseline."""
    wanted = figure("DAISM", "cycle saving").value
    lines = ["43 % fewer cycles", published("cycle saving")]
    baselines = list(dict.fromkeys(claim.baseline for claim in claims))
    head = "".join(f"{name:>16}" for name in baselines)
    lines.append(f"  ours, saving in % (PEs):{'':26}{'cycles':>9}{head}")
    rows = dict.fromkeys((claim.layer, claim.size, claim.kept_columns) for claim in claims)
    for layer, size, kept in rows:
        found = [claim for claim in claims if (claim.layer, claim.size, claim.kept_columns) == (layer, size, kept)]
        savings = "".join(f"{f'{claim.saving:.1f} ({claim.pes})':>16}" for claim in found)
        lines.append(f"  {layer:19}{size:13}{kept:10}{found[0].lanes:5} {found[0].cycles:9}{savings}")
    for name in baselines:
        against = [claim.saving for claim in claims if claim.baseline == name]
        reached = sum(saving >= wanted for saving in against)
        lines.append(f"  criterion, {wanted:g} % or more: against {name}: {reached} of {len(against)}")
    return [
        *lines,
        "  limit: more lanes than PEs explain most of it; the baseline never stalls, as its chip does; layer, mapping",
        "  and configuration of the published figure are unknown, so an agreement may be chance",
    ]


def efficiency_lines(rows: Sequence[Efficiency]) -> list[str]:
    """Throughput per area, as it is and scaled to 45 nm, with what each figure is of."""
    lines = ["up to two orders of magnitude higher area efficiency", published("area efficiency")]
    lines.append(f"  {'':34}{'GOPS':>8}{'/mm2':>8}{'at 45 nm':>9}{'TOPS/W':>8}  operating point")
    for row in rows:
        cells = "".join(
            f"{'-' if value is None else f'{value:.{digits}f}':>{width}}"
            for value, digits, width in (
                (row.gops, 1, 8),
                (row.gops_per_mm2, 2, 8),
                (row.gops_per_mm2_scaled, 2, 9),
                (row.tops_per_watt, 2, 8),
            )
        )
        lines.append(f"  {row.design:34}{cells}  {row.operating_point} [{row.evidence}]")
    return [*lines, *_ratios(rows), *_EFFICIENCY_LIMITS]


_EFFICIENCY_LIMITS = (
    "  limit: ours is bfloat16, cell area without wires, at a clock that no array was shown to reach;",
    "  Z-PIM is a chip, 16-bit and bit-serial. Beside a row-stationary array by the same models, with the same buffer,",
    "  there is no such ratio: what is compared with decides. T-PIM's record has no throughput for its area.",
)


def _ratios(rows: Sequence[Efficiency]) -> list[str]:
    """How often ours has the throughput per area of Z-PIM, and of the row-stationary array that follows it."""
    wanted = figure("DAISM", "area efficiency").value
    plain, scaled = z_pim_gops_per_mm2().value, z_pim_gops_per_mm2(NODE_NM).value
    own = [row for row in rows if row.evidence == OURS and row.gops_per_mm2]
    lines = []
    for accelerator, baseline in zip(own[::2], own[1::2], strict=True):
        assert accelerator.gops_per_mm2
        assert baseline.gops_per_mm2
        ratios = accelerator.gops_per_mm2 / plain, accelerator.gops_per_mm2 / scaled
        lines.append(
            f"  {accelerator.design}, {accelerator.operating_point}: "
            f"over Z-PIM {ratios[0]:.0f}, scaled {ratios[1]:.0f} "
            f"(criterion {wanted:g}: {'yes' if min(ratios) >= wanted else 'no'}), "
            f"over the row-stationary array {accelerator.gops_per_mm2 / baseline.gops_per_mm2:.2f}"
        )
    return lines


def point_lines(points: Sequence[Point], accuracy: Sequence[AccuracyRow]) -> list[str]:
    """Variants and columns at the reference size, then sizes of one variant; an asterisk marks the front of all."""
    correct = {(row.variant, row.columns): row for row in accuracy}
    lines = [f"trade-offs: {len(points)} accelerators, {sum(point.on_front for point in points)} on the front (*)"]
    lines.append(
        "  of error, area without buffers, cycles of three layers and energy; digits: correct, with gains corrected"
    )
    head = f"{'MRED %':>8}{'SNR dB':>8}{'digits':>8}{'corrected':>10}{'mm2':>8}{'cycles':>10}{'pJ/MAC':>8}"
    lines.append(f"  {'variants, ' + REFERENCE_SIZE:33}{head}")
    chosen = [point for point in points if point.size == REFERENCE_SIZE]
    chosen += [p for p in points if (p.variant, p.kept_columns) == (VARIANT, COLUMNS[-1]) and p.size != REFERENCE_SIZE]
    for point in chosen:
        row = correct.get((point.variant, point.kept_columns))
        digits = f"{row.correct:8}{row.corrected:10}" if row else f"{'-':>8}{'-':>10}"
        lines.append(
            f"  {point.variant:7}{point.kept_columns:11}{point.size:13}{'*' if point.on_front else ' '} "
            f"{100 * point.mred:7.2f}{point.snr_db:8.1f}{digits}"
            f"{point.area_mm2:8.2f}{point.cycles:10}{point.mac_pj:8.2f}"
        )
    return lines


def sensitivity_lines(found: Sequence[Sensitivity], total_pj: float) -> list[str]:
    """The fields that matter most to the energy of the reference layer."""
    lines = [
        f"memory and logic energies: what halving and doubling a field does to {total_pj * 1e-6:.1f} uJ (with DRAM)"
    ]
    lines += [
        f"  {each.field:24}{100 * (each.low / total_pj - 1):+8.1f} %{100 * (each.high / total_pj - 1):+8.1f} %"
        for each in found[:_MOST_SENSITIVE]
    ]
    return lines


def network_lines(accuracy: Sequence[AccuracyRow], curves: Sequence[LossCurve]) -> list[str]:
    """Exact arithmetic on the digits, and what training from scratch ends with."""
    reference = accuracy[0]
    lines = [f"digits, {reference.images} images, {reference.arithmetic}: {reference.correct} correct"]
    lines.append("training from scratch, forward and both gradients in the array: last loss, correct, by seed")
    for name in dict.fromkeys(curve.arithmetic for curve in curves):
        ends = [f"{it.losses[-1]:.4f} {it.correct[-1]} ({it.seed})" for it in curves if it.arithmetic == name]
        lines.append(f"  {name:22}{', '.join(ends)}")
    return [*lines, "  limit: small scale only; the paper's networks, data and table of accuracies are unknown"]
