"""Rows opened at once in simulation: every pair of operands against the golden model and published checksums."""

from hashlib import sha256

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from gen.rtl import elaborate
from hdl.daism.or_plane import OrPlane
from sim_models.daism import DaismParameters, product, row_enables
from verif.batch import simulate

VARIANTS = [("fla", "a"), ("pc2", "a"), ("pc3", "a"), ("pc4", "a"), *(("hla", mode) for mode in "abcd")]
WIDTHS = ("full", "guard", "truncated")
# All products, stored operand in the outer loop: first digits of SHA-256 of little-endian 16-bit words, and their sum.
FLOAT_SUMS = {
    ("fla", "a", "full"): ("cd2611a05ad9605f", 482828096),
    ("fla", "a", "guard"): ("3a8d591a52776dd3", 3758927),
    ("fla", "a", "truncated"): ("8d655902baf6b027", 1871636),
    ("pc3", "a", "full"): ("a445cdb61e7d7ef7", 572535552),
    ("pc3", "a", "guard"): ("9552691b4445d5c8", 4459888),
    ("pc3", "a", "truncated"): ("385a9de074b562e0", 2222400),
    ("hla", "c", "full"): ("6e79de291b7a2b78", 497884672),
    ("hla", "c", "truncated"): ("eb15e23e6dceb1a1", 1922944),
    ("hla", "d", "full"): ("523e6c1c991e8d1a", 478183424),
}
INTEGER_SUMS = {
    ("fla", "a", "full"): ("7ca1d6dccfdec605", 857850496),
    ("pc3", "a", "full"): ("1fe99a4d53748974", 996787712),
}

Key = tuple[str, str, str]
KEYS: list[Key] = [(variant, mode, kept) for variant, mode in VARIANTS for kept in WIDTHS]


def parameters(key: Key, kind: str, bits: int) -> DaismParameters:
    variant, mode, kept = key
    accumulator = "int" if kind == "integer" else "fp32"
    return DaismParameters(
        operand_kind=kind,
        significand_bits=bits,
        accumulator=accumulator,
        variant=variant,
        hla_mode=mode,
        kept_columns=kept,
    )


class Planes(wiring.Component):
    """All variants side by side, so that one build serves them all."""

    def __init__(self, kind: str, bits: int) -> None:
        self.all = {key: parameters(key, kind, bits) for key in KEYS}
        ports = {"stored": In(bits), "driver": In(bits), "zero": In(1)}
        for key, p in self.all.items():
            ports |= {
                f"product_{'_'.join(key)}": Out(p.kept),
                f"mask_{'_'.join(key)}": Out(p.accesses * p.rows_per_group),
            }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for key, p in self.all.items():
            name = "_".join(key)
            m.submodules[name] = plane = OrPlane(parameters=p)
            m.d.comb += [getattr(plane, port).eq(getattr(self, port)) for port in ("stored", "driver", "zero")]
            m.d.comb += [getattr(self, f"{port}_{name}").eq(getattr(plane, port)) for port in ("product", "mask")]
        return m


def operands(kind: str, bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair up to 8 bits, the stored operand in the outer loop; random pairs and limits beyond."""
    low, high = (1 << bits - 1) if kind == "float" else 0, (1 << bits) - 1
    if bits <= 8:
        stored, driver = np.meshgrid(np.arange(low, high + 1), np.arange(low, high + 1), indexing="ij")
    else:
        random = np.random.default_rng(bits)
        stored, driver = random.integers(low, high, (2, 20_000), endpoint=True)
        limits = np.array(np.meshgrid([low, low + 1, high - 1, high], [low, low + 1, high - 1, high])).reshape(2, -1)
        stored[: limits.shape[1]], driver[: limits.shape[1]] = limits
    return stored.ravel(), driver.ravel()


@pytest.mark.parametrize(
    ("kind", "bits"), [("float", 8), ("integer", 8), ("float", 11), ("float", 24), ("integer", 7), ("float", 5)]
)
def test_every_variant_equals_the_golden_model(kind: str, bits: int) -> None:
    stored, driver = operands(kind, bits)
    rtl = elaborate(Planes(kind, bits), "planes")
    zero = (driver == 0).astype(np.int64)
    shown = simulate(rtl, {"stored": stored, "driver": driver, "zero": zero})
    for key in KEYS:
        p, name = parameters(key, kind, bits), "_".join(key)
        assert np.array_equal(shown[f"product_{name}"], product(stored, driver, p)), key
        opened = row_enables(driver, p).reshape(len(driver), -1)
        assert np.array_equal(shown[f"mask_{name}"], opened @ (1 << np.arange(opened.shape[1]))), key
    if bits == 8:
        for key, (digest, total) in (FLOAT_SUMS if kind == "float" else INTEGER_SUMS).items():
            words = shown[f"product_{'_'.join(key)}"]
            assert (sha256(words.astype("<u2").tobytes()).hexdigest()[:16], words.sum()) == (digest, total), key


def test_a_zero_driver_opens_nothing_whatever_its_bits() -> None:
    rtl = elaborate(Planes("float", 8), "planes")
    shown = simulate(rtl, {"stored": 255, "driver": np.arange(256), "zero": 1})
    assert not any(words.any() for words in shown.values())
