"""The registers of a layer hold all that a controller needs: a state machine that reads nothing else searches alike."""

import itertools
import random
from collections.abc import Iterator

import pytest

from sim_models.sar import TrqControllerParameters, TrqParameters
from sim_models.sar.registers import register_fields, register_values, register_word
from tests.sim_models import sar_oracle as oracle


def controllers(bits: int) -> Iterator[TrqControllerParameters]:
    for base, after_r1, skip in itertools.product((False, True), repeat=3):
        yield TrqControllerParameters(bits=bits, support_base=base, support_after_r1=after_r1, support_skip=skip)


def fits(p: TrqParameters, controller: TrqControllerParameters) -> bool:
    return (
        (controller.support_base or p.r1_start == 0)
        and (controller.support_after_r1 or p.r2_origin == "zero")
        and (controller.support_skip or not p.skip_known_trial)
    )


def some(bits: int) -> list[TrqParameters]:
    chosen = list(oracle.every_legal(bits))
    return random.Random(bits).sample(chosen, min(150, len(chosen)))


def run(count: int, fields: dict[str, int], bits: int) -> tuple[list[int], int, int]:
    """Words compared with, flag and code: the states that find the range, then the search."""
    compared: list[int] = []

    def at_least(word: int) -> bool:
        assert 0 <= word < 2**bits
        compared.append(word)
        return count >= word

    has_base, after_r1 = fields.get("has_base", 0), fields.get("after_r1", 0)
    base = fields.get("base", 0) if has_base else 0
    flag = int(at_least(base + fields["r1_size"]))
    if has_base and not flag:
        flag = int(not at_least(base))
    if flag:
        place, stop = fields["start2"] if after_r1 else 2 ** (bits - 1), fields["stop2"]
        origin = fields["r1_size"] if after_r1 else 0
    else:
        place, stop, origin = fields["r1_size"] >> 1, fields["stop1"], base
    code = 0
    while place >= stop:
        trial = origin + (code | place)
        known = flag and fields.get("skip_known_trial", 0) and code == 0 and place == fields["r1_size"]
        if known or (trial < 2**bits and at_least(trial)):
            code |= place
        place >>= 1
    return compared, flag, code


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_a_controller_finds_all_it_needs_in_its_registers(bits: int) -> None:
    counts = range(2**bits) if bits < 8 else random.Random(1).sample(range(256), 20)
    for controller in controllers(bits):
        for p in filter(lambda p: fits(p, controller), some(bits)):
            fields = unpacked(register_word(p, controller), controller)
            assert fields == register_values(p, controller)
            for count in counts:
                expected = oracle.outcome(count, p)
                compared = [step.word for step in expected.steps if step.compared]
                assert run(count, fields, bits) == (compared, expected.flag, expected.code), (p, count)
                assert made(expected, fields, count, p) == expected.operations, (p, count)


def unpacked(word: int, controller: TrqControllerParameters) -> dict[str, int]:
    values = {}
    for name, width in register_fields(controller).items():
        values[name], word = word % 2**width, word >> width
    assert word == 0
    return values


def made(outcome: oracle.Outcome, fields: dict[str, int], count: int, p: TrqParameters) -> int:
    """Comparisons as the registers tell them, from the range and whether one was passed over or added."""
    if not outcome.flag:
        return fields["operations_r1"]
    detour = count < p.r1_start or any(not step.compared for step in outcome.steps)
    return fields["operations_r2_detour"] if detour else fields["operations_r2"]


@pytest.mark.parametrize("bits", [2, 8, 16])
def test_registers_hold_the_steps_and_the_ends_of_the_ranges(bits: int) -> None:
    controller = TrqControllerParameters(bits=bits, support_base=True, support_after_r1=True, support_skip=True)
    p = TrqParameters(bits=bits, r1_bits=bits // 2, ratio_log2=bits // 2, mid_rise=False)
    fields = register_values(p, controller)
    assert fields["r1_size"] == 2 ** (bits // 2)
    assert (fields["stop1"], fields["stop2"]) == (1, 2 ** (bits // 2))
    assert (fields["mid_rise"], fields["has_base"], fields["after_r1"]) == (0, 0, 0)
    if bits > 2:
        away = register_values(TrqParameters(bits=bits, r1_start=5, r1_bits=2, ratio_log2=1), controller)
        assert (away["base"], away["r1_size"], away["has_base"], away["mid_rise"]) == (5, 4, 1, 1)


def test_configurations_that_a_controller_was_not_built_for_are_refused() -> None:
    for bits in (3, 4):
        for controller in controllers(bits):
            for p in some(bits):
                if not fits(p, controller):
                    with pytest.raises(ValueError) as refused:
                        register_values(p, controller)
                    assert "support_" in str(refused.value)
    with pytest.raises(ValueError) as refused:
        register_word(TrqParameters(bits=9), TrqControllerParameters())
    assert "bits" in str(refused.value)
