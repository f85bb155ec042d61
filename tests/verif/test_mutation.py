"""Mutants: killed by a good check, left by a weak one with inputs that show them, proved harmless where they are."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest

from gen.catalog import find
from gen.rtl import Port, Rtl
from sim_models.nmpu import NmpuParameters
from verif.active_fault import selected
from verif.batch import Sink, Source, simulate
from verif.mutation import MutationReport, campaign, mutate
from verif.mutation.apply import with_fault, with_mutants
from verif.mutation.campaign import run_mutants
from verif.mutation.faults import choose_faults
from verif.mutation.proofs import prove_harmless

BITS = (Port("a", "input", 1, False), Port("b", "input", 1, False), Port("y", "output", 1, False))
REDUNDANT = "module redundant(input a, b, output y);\n  wire t = a & b;\n  assign y = a | t;\nendmodule\n"

# A fault in the XOR shows at the inner block alone.
NESTED = """
module inner(input clk, input d, output reg q, output unused);
  assign unused = d ^ q;
  always @(posedge clk) q <= d;
endmodule
module nested(input clk, rst, a, b, output y);
  wire nothing;
  inner block(.clk(clk), .d(a ^ b), .q(y), .unused(nothing));
endmodule
"""


def redundant() -> Rtl:
    return Rtl("redundant", REDUNDANT, BITS, clocked=False)


def nested() -> Rtl:
    return Rtl("nested", NESTED, BITS, clocked=True)


def adder() -> Rtl:
    ports = tuple(replace(port, width=6) for port in BITS)
    return Rtl(
        "adder", "module adder(input [5:0] a, b, output [5:0] y);\n  assign y = a + b;\nendmodule\n", ports, False
    )


def added(rtl: Rtl, vectors: int) -> None:
    a, b = np.random.default_rng(1).integers(0, 64, (2, vectors))
    np.testing.assert_array_equal(simulate(rtl, {"a": a, "b": b})["y"], (a + b) % 64)


def mixed(rtl: Rtl, vectors: int) -> None:
    random = np.random.default_rng(1)
    a, b, c = random.integers(-128, 128, vectors), random.integers(0, 256, vectors), random.integers(0, 16, vectors)
    np.testing.assert_array_equal(simulate(rtl, {"a": a, "b": b, "c": c})["y"], a * b + c)


def compares_nothing(rtl: Rtl, vectors: int) -> None:
    simulate(rtl, {"a": np.zeros(vectors, np.int64)})


def outcomes(report: MutationReport) -> list[tuple[str, str]]:
    return [(str(each.fault), each.outcome) for each in report.mutants]


def test_a_good_check_kills_all_that_is_not_equivalent(mixer: Rtl) -> None:
    report = run_mutants(mixer, mixed, 40, 3, stages=(10, 2_000))
    assert report.passed
    assert report.killed + report.equivalent == len(report.mutants) == 40
    assert report.killed > 30
    assert report.score == 1
    assert [each.number for each in report.mutants] == list(range(1, 41))
    assert str(report).startswith(
        f"40 mutants of mixer: {report.killed} killed, {report.equivalent} equivalent, 0 surv"
    )


def test_a_check_that_compares_nothing_leaves_mutants_with_inputs_that_show_them() -> None:
    report = run_mutants(adder(), compares_nothing, 8, 3, stages=(10,))
    assert (report.killed, report.undecided, report.score) == (0, 0, 0)
    assert report.survived > 5
    assert not report.passed
    for mutant in report.mutants:
        if mutant.outcome == "survived":
            (inputs,) = mutant.counterexample
            faulty = replace(adder(), verilog=with_fault(adder(), mutant.fault, "adder"))
            assert simulate(faulty, inputs, cycles=1)["y"][0] != simulate(adder(), inputs, cycles=1)["y"][0]
            assert str(mutant) in str(report)


def test_a_check_of_one_vector_kills_less_than_one_of_many() -> None:
    weak = run_mutants(adder(), added, 16, 3, stages=(1,))
    assert 0 < weak.killed < run_mutants(adder(), added, 16, 3, stages=(2_000,)).killed
    assert weak.survived
    assert not weak.undecided


def test_faults_in_redundant_logic_are_proved_equivalent() -> None:
    def every_input(rtl: Rtl, _: int) -> None:
        arrays = {"a": np.array([0, 0, 1, 1]), "b": np.array([0, 1, 0, 1])}
        assert simulate(rtl, arrays)["y"].tolist() == [0, 0, 1, 1]

    report = run_mutants(redundant(), every_input, 18, 1, stages=(1,))
    assert report.passed
    assert report.killed == 12
    # y = a | (a & b) = a: the AND may be anything that is 0 while a is 0.
    assert {str(each.fault) for each in report.mutants if each.outcome == "equivalent"} == {
        "redundant: B[0] (b[0]) of and stuck at 0, line 2: wire t = a & b;",
        "redundant: B[0] (b[0]) of and stuck at 1, line 2: wire t = a & b;",
        "redundant: B[0] (b[0]) of and inverted, line 2: wire t = a & b;",
        "redundant: A[0] of and stuck at 0, line 2: wire t = a & b;",
        "redundant: Y[0] (t[0]) of and stuck at 0, line 2: wire t = a & b;",
        "redundant: B[0] (t[0]) of or stuck at 0, line 3: assign y = a | t;",
    }


def test_a_fault_that_only_the_whole_design_hides_is_proved_equivalent() -> None:
    faults = {fault.port: fault for fault in choose_faults(nested(), 30, 1) if fault.module == "inner"}
    assert {"A", "B", "Y", "D"} <= faults.keys()
    assert prove_harmless(nested(), faults["Y"]).proved
    proof = prove_harmless(nested(), faults["D"])
    assert not proof.proved
    assert proof.counterexample


def test_a_design_that_fails_its_check_is_not_mutated(mixer: Rtl) -> None:
    wrong = replace(mixer, verilog=mixer.verilog.replace("+ $signed", "- $signed"))
    with pytest.raises(AssertionError, match="Mismatched elements"):
        run_mutants(wrong, mixed, 5, 1)


def test_a_stream_that_stops_is_killed(buffer: Rtl) -> None:
    def passes_all(rtl: Rtl, vectors: int) -> None:
        payloads = np.random.default_rng(vectors).integers(-128, 128, vectors)
        got = simulate(rtl, {"i": Source(payloads=payloads), "o": Sink(transfers=vectors)}, cycles=4 * vectors)
        assert (got["o"] == payloads).all(), "payloads differ"

    report = run_mutants(buffer, passes_all, 25, 1, stages=(100,))
    killers = Counter(each.detail.split(": ")[-1] for each in report.mutants if each.outcome == "killed")
    assert killers["payloads differ"]
    assert any("of 100 transfers in 400 cycles" in each for each in killers)


def test_the_seed_decides(mixer: Rtl) -> None:
    first = run_mutants(mixer, mixed, 12, 5, stages=(20,))
    assert outcomes(first) == outcomes(run_mutants(mixer, mixed, 12, 5, stages=(20,)))
    faults = choose_faults(mixer, 12, 5)
    assert choose_faults(mixer, 7, 5) == faults[:7]
    assert len(set(faults)) == 12
    assert choose_faults(mixer, 12, 6) != faults


def test_faults_spread_and_leave_the_clock_alone(state: Rtl) -> None:
    faults = choose_faults(state, 40, 1)
    assert {fault.line for fault in faults} >= {4, 6, 7}
    assert all(fault.port not in ("CLK", "clk") for fault in faults)
    assert {fault.effect.split()[0] for fault in faults} == {"stuck", "inverted"}


@pytest.mark.parametrize("count", [0, -1, 19, 1_000_000])
def test_bad_counts(count: int) -> None:
    # Two cells of three pins, each stuck at 0, stuck at 1 or inverted.
    with pytest.raises(ValueError, match=rf"^mutants must be between 1 and 18, not {count}$"):
        run_mutants(redundant(), compares_nothing, count, 1)


def test_names_that_are_no_identifiers_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^the design's name must be a plain identifier, not 'a; b'$"):
        choose_faults(replace(redundant(), name="a; b"), 1, 1)


def test_threads_run_different_mutants_at_once() -> None:
    faults = choose_faults(redundant(), 18, 1)
    mutants, together = with_mutants(redundant(), faults), Barrier(2)
    stuck = {
        value: 1 + next(n for n, each in enumerate(faults) if _sticks_output(str(each), value)) for value in (0, 1)
    }

    def run(number: int) -> list[int]:
        with selected(number):
            together.wait()
            return simulate(mutants, {"a": np.array([0, 1])})["y"].tolist()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, (stuck[0], stuck[1]))) == [[0, 0], [1, 1]]
    assert simulate(mutants, {"a": np.array([0, 1])})["y"].tolist() == [0, 1]


def _sticks_output(fault: str, value: int) -> bool:
    return fault.startswith(f"redundant: Y[0] (y[0]) of or stuck at {value}")


def test_undecided_mutants_are_named(mixer: Rtl, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_: object) -> None:
        raise TimeoutError("the proof is undecided after 1 s for each method")

    monkeypatch.setattr(campaign, "prove_harmless", too_long)
    report = run_mutants(mixer, compares_nothing, 3, 1, stages=(1,))
    assert (report.undecided, report.passed) == (3, False)
    assert str(report).count("undecided after 1 s") == 3


def test_the_check_of_a_design_kills_its_mutants() -> None:
    said: list[str] = []
    report = mutate(find("nmpu_unit"), NmpuParameters(), 16, 1, step=said.append)
    assert report.passed
    assert report.killed >= 14
    assert len(said) == 17
    assert said[-1].startswith("mutant 16 of 16 ")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("nmpu_unit", {}),
        ("nmpu_unit", {"pipeline_stages": 3, "signed_input": True}),
        ("nmpu", {"units": 4}),
        ("float_add", {}),
    ],
)
def test_two_hundred_mutants(name: str, settings: dict[str, int], seed: int) -> None:
    design = find(name)
    report = mutate(design, design.configuration()(**settings), 200, seed)
    assert report.passed, str(report)
    assert len({each.fault for each in report.mutants}) == 200
