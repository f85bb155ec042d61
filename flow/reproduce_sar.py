"""The headline figures of twin-range quantization beside bitline's own, with what each can and cannot say."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flow.libraries import Library
from flow.prices.sar import ControllerAreas, controller_areas
from flow.prices.sar import table as area_table
from flow.sar.arrays import ENCODINGS, ArrayParameters
from flow.sar.calibration import calibrate_network
from flow.sar.energy import DAC_FRACTIONS, ConversionEnergies, conversion_energies
from flow.sar.result import NetworkCalibration, Request
from flow.timing import sta_version
from sim_models.sar.isaac import ADCS_PER_UNIT, UNIT_MW, tile_area_mm2, tile_power

Step = Callable[[str], None]

SETTINGS = tuple(ArrayParameters(cell_bits=bits, encoding=encoding) for encoding in ENCODINGS for bits in (1, 2))
STEPS = 2 * len(SETTINGS) + 1
PUBLISHED_SAVING = (1.6, 2.3)
PUBLISHED_SHARE = 0.6
ADC_GHZ = 1.2
"""Conversions of one of the tile's converters in 1 ns."""

LIMITS = (
    "published: on networks, data and arrays of its own, of which no table is known; whether the DAC is in its ADC "
    "power is not known either. Ours: the digits network, accuracy limit of 0.5 pp on held-out images.",
    "E1 charges every comparison alike, the clipped converter's too. E2 gives a share of a plain conversion to the "
    "DAC; the share is an assumption, hence three of them. Both start from a published 8-bit converter at 32 nm.",
    "control: gate level at 45 nm, pre-layout, no wires, no glitches, conversions without gaps (at a fixed rate the "
    "cycles saved are idle and still clocked), beside an analog part at 32 nm.",
    "clipped: a k-bit converter with the same number of comparisons or fewer: a saving that it has too is not one of "
    "twin ranges.",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """One way to store the weights: its calibration, and the energies of a conversion."""

    calibration: NetworkCalibration
    energies: ConversionEnergies

    @property
    def name(self) -> str:
        """Cells and encoding."""
        arrays = self.calibration.request.arrays
        return f"{arrays.cell_bits}-bit {arrays.encoding}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Reproduction:
    """Everything measured."""

    library: str
    settings: tuple[Setting, ...]
    areas: tuple[ControllerAreas, ...]


def reproduce(library: Library, step: Step) -> Reproduction:
    """Measure everything; synthesis results and energies come from the cache where they are there."""
    settings = []
    for arrays in SETTINGS:
        step(f"calibrating {arrays.cell_bits}-bit cells, {arrays.encoding} weights")
        calibration = calibrate_network(Request(arrays=arrays), lambda _: None)
        step("measuring energies")
        energies = conversion_energies(calibration, library if sta_version() else None)
        settings.append(Setting(calibration=calibration, energies=energies))
    step("pricing controllers of 4 to 12 bits")
    return Reproduction(library=library.name, settings=tuple(settings), areas=tuple(controller_areas(library)))


def text(measured: Reproduction) -> str:
    """The report for the terminal."""
    m = measured
    low, high = PUBLISHED_SAVING
    lines = [f"TRQ SAR-ADC (arXiv 2402.06164) against bitline on {m.library}; pre-layout, no wires, one corner", ""]
    lines += ["ADC power reduction", f"  published: {low} to {high} times", *_savings(m), ""]
    lines += ["accuracy, correct of the test half, and comparisons per conversion", *_accuracy(m), ""]
    lines += ["energy of a conversion (pJ)", *_energies(m), ""]
    share = f"  published: over {100 * PUBLISHED_SHARE:.0f} %"
    lines += ["ADC share of the power of an ISAAC tile", share, *_tile(m), ""]
    lines += ["controllers", *[f"  {line}" for line in area_table(m.areas)], ""]
    return "\n".join([*lines, *[f"limit: {limit}" for limit in LIMITS]])


def _savings(m: Reproduction) -> list[str]:
    shares = "".join(f"{f'E2 {fraction}':>8}" for fraction in DAC_FRACTIONS)
    lines = [f"  bitline, times:{'no error':>17}{'E1':>8}{shares}{'control':>9}{'clipped':>9}  within published (E1)"]
    for setting in m.settings:
        energies, calibration = setting.energies, setting.calibration
        plain, twin_range = energies.plain, energies.twin_range
        saving = plain.e1 / twin_range.e1
        split = "".join(f"{plain.e2[f] / twin_range.e2[f]:8.2f}" for f in DAC_FRACTIONS)
        control = f"{energies.saving_with_control(0.5):9.2f}" if energies.control else f"{'-':>9}"
        within = "yes" if PUBLISHED_SAVING[0] <= saving <= PUBLISHED_SAVING[1] else "no"
        lines.append(
            f"  {setting.name:20}{calibration.saving('lossless'):12.2f}{saving:8.2f}{split}{control}"
            f"{plain.e1 / energies.clipped.e1:9.2f}  {within}"
        )
    return [*lines, "  control: E2 0.5 with the controllers' own energy added to both sides"]


def _accuracy(m: Reproduction) -> list[str]:
    lines = [f"  {'':20}{'exact':>7}{'twin ranges':>18}{'clipped':>18}{'clipped, same limit':>22}"]
    for setting in m.settings:
        c = setting.calibration
        columns = [f"{c.test[name].correct} at {c.test[name].tally.mean:.2f}" for name in _COMPARED]
        lines.append(f"  {setting.name:20}{c.exact_correct['test']:7}{columns[0]:>18}{columns[1]:>18}{columns[2]:>22}")
    return lines


_COMPARED = ("twin_range", "clipped", "clipped_limit")


def _energies(m: Reproduction) -> list[str]:
    head = f"  {'':20}{'plain E1':>9}{'E1':>7}{'plain E2':>10}{'E2':>7}{'plain control':>15}{'control':>9}"
    lines = [f"{head}  (E2: half of a plain conversion is the DAC's)"]
    for setting in m.settings:
        e = setting.energies
        row = f"  {setting.name:20}{e.plain.e1:9.3f}{e.twin_range.e1:7.3f}"
        row += f"{e.plain.e2[0.5]:10.3f}{e.twin_range.e2[0.5]:7.3f}"
        control = [f"{each.total_pj:.3f}" for each in e.control] if e.control else ["-", "-"]
        lines.append(f"{row}{control[0]:>15}{control[1]:>9}")
    if m.settings[0].energies.control is None:
        lines.append("  control: not measured without OpenSTA")
    return lines


def _tile(m: Reproduction) -> list[str]:
    plain = tile_power()
    lines = [
        f"  recomputed from reported component figures: {100 * plain.adc_share:.1f} % of {plain.total_mw:.1f} mW "
        f"({tile_area_mm2():.4f} mm2)"
    ]
    for setting in m.settings:
        power = tile_power(*_adc_change(setting.energies))
        lines.append(
            f"  with twin ranges, {setting.name}: {100 * power.adc_share:.1f} % of {power.total_mw:.1f} mW, "
            f"{100 * (1 - power.total_mw / plain.total_mw):.1f} % less for the tile"
        )
    lines.append(f"  E1, and what twin ranges add to the control, at {ADC_GHZ} GS/s (45 nm; nothing without OpenSTA)")
    share = 100 * UNIT_MW["adc"] / ADCS_PER_UNIT / (m.settings[0].energies.plain.e1 * ADC_GHZ)
    return [*lines, f"  {ADCS_PER_UNIT} converters take {UNIT_MW['adc']} mW: {share:.0f} % of E1 at that rate"]


def _adc_change(energies: ConversionEnergies) -> tuple[float, float]:
    """Scale of the converters' power, and mW that each one's control takes more or less, which is not below 0."""
    scale = energies.twin_range.e1 / energies.plain.e1
    if energies.control is None:
        return scale, 0.0
    plain, twin_range = (each.total_pj for each in energies.control)
    return scale, max(0.0, (twin_range - plain) * ADC_GHZ)


def data(measured: Reproduction) -> dict[str, Any]:
    """The report for programs."""
    return {
        "library": measured.library,
        "published": {"saving": PUBLISHED_SAVING, "adc_share_above": PUBLISHED_SHARE},
        "settings": [_setting_data(setting) for setting in measured.settings],
        "tile": {"plain": asdict(tile_power()), "area_mm2": tile_area_mm2()},
        "areas": [asdict(row) for row in measured.areas],
        "limits": LIMITS,
    }


def _setting_data(setting: Setting) -> dict[str, Any]:
    calibration, energies = setting.calibration, setting.energies
    scores = ("lossless", *_COMPARED)
    return {
        "arrays": asdict(calibration.request.arrays),
        "images": calibration.images["test"],
        "exact_correct": calibration.exact_correct["test"],
        "correct": {name: calibration.test[name].correct for name in scores},
        "operations": {name: calibration.test[name].tally.mean for name in scores},
        "energies": asdict(energies),
        "tile": asdict(tile_power(*_adc_change(energies))),
    }
