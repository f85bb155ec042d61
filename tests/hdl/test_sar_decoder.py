"""The decoder of twin-range codes: every count under every configuration, both codings, all options."""

import gc
import warnings
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable

from gen.rtl import Rtl, elaborate
from gen.vectors.sar_parts import decoded
from hdl.sar import TrqDecoder
from sim_models.sar import TrqDecoderParameters, TrqParameters, register_values
from verif.batch import simulate
from verif.sar_parts import decoder_configurations

SEED = 2402
# x, r1_start, r1_bits, r1_step_log2, ratio_log2, flag, aligned code, packed code, value; the last three after R1.
EXAMPLES = [
    (11, 0, 4, 0, 3, 0, 0b00001011, 0b1011, 11),
    (77, 0, 4, 0, 3, 1, 0b01001000, 0b01001, 76),
    (16, 0, 4, 0, 3, 1, 0b00010000, 0b00010, 20),
    (41, 32, 3, 1, 2, 0, 0b00001000, 0b100, 41),
    (9, 0, 4, 1, 6, 0, 0b00001000, 0b0100, 9),
    (255, 0, 4, 1, 6, 1, 0b10000000, 0b1, 192),
    (100, 64, 4, 2, 1, 0, 0b00100100, 0b1001, 102),
]
AFTER_R1 = [
    (77, 0, 4, 0, 3, 1, 0b00111000, 0b00111, 76),
    (48, 0, 4, 0, 5, 1, 0b00100000, 0b001, 64),
    (245, 0, 4, 0, 5, 1, 0b11100000, 0b111, 255),
]


def decoder(**fields: Any) -> Rtl:
    return elaborate(TrqDecoder(parameters=TrqDecoderParameters(**fields)), "sar_decoder")


@pytest.mark.parametrize("coding", ["aligned", "packed"])
def test_published_examples(coding: str) -> None:
    p = TrqDecoderParameters(coding=coding, support_base=True, support_after_r1=True)
    rtl = elaborate(TrqDecoder(parameters=p), "sar_decoder")
    for rows, origin in ((EXAMPLES, "zero"), (AFTER_R1, "after_r1")):
        for _, start, bits, step, ratio, flag, aligned, packed, value in rows:
            configuration = TrqParameters(
                r1_start=start, r1_bits=bits, r1_step_log2=step, ratio_log2=ratio, r2_origin=origin
            )
            fields = register_values(configuration, p.controller)
            read = {name: fields[name] for name in ("stop1", "stop2", "mid_rise", "base", "after_r1", "r1_size")}
            shown = simulate(rtl, {"code": packed if coding == "packed" else aligned, "flag": flag, **read}, cycles=1)
            assert shown["value"].tolist() == [value]


@pytest.mark.parametrize("coding", ["aligned", "packed"])
def test_every_count_of_every_configuration_of_eight_bits(coding: str) -> None:
    p = TrqDecoderParameters(coding=coding)
    configurations = decoder_configurations(p, SEED)
    assert len(configurations) == 2 * sum((8 - step) ** 2 for step in range(8))
    inputs, outputs = decoded(p, configurations, 1 << 20, SEED)
    assert len(outputs["value"]) == 256 * len(configurations)
    assert np.array_equal(simulate(decoder(coding=coding), inputs)["value"], outputs["value"])


@pytest.mark.parametrize("coding", ["aligned", "packed"])
@pytest.mark.parametrize(
    "fields",
    [
        {"bits": 2},
        {"bits": 5, "support_base": True},
        {"bits": 6, "support_after_r1": True},
        {"bits": 7, "support_base": True, "support_after_r1": True},
        {"bits": 12},
        {"bits": 16, "support_after_r1": True},
    ],
    ids=str,
)
def test_other_resolutions_and_options(fields: dict[str, Any], coding: str) -> None:
    p = TrqDecoderParameters(**fields, coding=coding)
    inputs, outputs = decoded(p, decoder_configurations(p, SEED), 200_000, SEED)
    rtl = elaborate(TrqDecoder(parameters=p), "sar_decoder")
    assert np.array_equal(simulate(rtl, inputs)["value"], outputs["value"])


def test_an_aligned_decoder_without_options_is_gates_only() -> None:
    text = decoder().verilog
    assert " + " not in text
    assert " + " in decoder(support_base=True).verilog


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bits": 1}, "bits must be between 2 and 16, not 1"),
        ({"coding": "gray"}, "coding must be one of aligned, packed, not 'gray'"),
        ({"support_base": 1}, "support_base must be a bool, not 1"),
    ],
)
def test_bad_parameters_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        TrqDecoderParameters(**fields)
    assert str(refusal.value) == message


def test_another_class_of_parameters_is_refused() -> None:
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            TrqDecoder(parameters=8)  # type: ignore[arg-type]  # that it is no TrqDecoderParameters is the point
        except ValueError as error:
            said = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    assert said == "parameters must be a TrqDecoderParameters, not 8"
