"""The published headlines beside bitline's figures: criterion, whether it is met, and what cannot be said."""

from collections.abc import Sequence

from flow.crossbar.headline import Headline
from flow.crossbar.system_digital import DigitalCost, product_energies
from flow.crossbar.system_headlines_counts import (
    conversions_headline,
    digital_headline,
    normalised_headline,
    resolution_headline,
)
from flow.crossbar.system_headlines_dataflow import pipeline_headline, sinad_headline
from flow.crossbar.system_headlines_energy import adc_share_headline, analog_saving_headline, energy_headline
from flow.crossbar.system_headlines_speed import area_efficiency_headline, throughput_headline
from flow.crossbar.system_study import MeanSpeedUp, NetworkRow, network_rows


def headlines(
    rows: Sequence[NetworkRow], speed_ups: Sequence[MeanSpeedUp], digital: dict[str, DigitalCost]
) -> list[Headline]:
    """All of them, in the order of their numbers."""
    measured = product_energies(digital)
    own = [] if measured is None else network_rows(measured)
    return [
        conversions_headline(),
        resolution_headline(),
        pipeline_headline(),
        digital_headline(digital),
        adc_share_headline(),
        analog_saving_headline(),
        energy_headline(rows, own),
        throughput_headline(rows, speed_ups),
        area_efficiency_headline(),
        sinad_headline(),
        normalised_headline(rows),
    ]
