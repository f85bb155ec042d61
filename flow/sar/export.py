"""Write a calibration as a folder: configuration, histograms and report."""

from pathlib import Path

from flow.sar.configuration import render_configuration
from flow.sar.plots import histogram_plot
from flow.sar.report import page, plot_name
from flow.sar.result import NetworkCalibration
from gen.emit import replace_folder
from gen.manifest import MANIFEST, refuse_foreign, report_manifest

CONFIGURATION = "configuration.json"
REPORT = "report.md"


def render_calibration(result: NetworkCalibration) -> dict[str, str]:
    """The text of every file of the folder by name; the same calibration gives the same bytes."""
    files = {
        CONFIGURATION: render_configuration(result),
        REPORT: page(result),
        **{plot_name(layer): histogram_plot(layer) for layer in result.layers},
    }
    return {**files, MANIFEST: report_manifest("calibration", files)}


def write_calibration(result: NetworkCalibration, folder: Path) -> list[Path]:
    """Write the folder all at once, in place of an earlier one that bitline wrote; returns the files' paths.

    Raises ValueError for a folder that bitline did not write or whose place cannot be written to, which is then as it
    was.
    """
    refuse_foreign(folder)
    files = render_calibration(result)
    replace_folder(folder, files)
    return [folder / name for name in files]
