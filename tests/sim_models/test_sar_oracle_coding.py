"""Codes on a bus, and the sums that shifts and additions make of values, against plain Python integers."""

import itertools
import random

import numpy as np
import pytest

from sim_models.sar import TrqParameters, convert
from sim_models.sar.coding import decode_aligned, decode_packed, pack
from tests.sim_models.sar_oracle import decode, every_legal, r2_bits, table


def small() -> list[TrqParameters]:
    """Every configuration of up to 4 bits, and a sample of 5."""
    chosen = [p for bits in (2, 3, 4) for p in every_legal(bits)]
    return [*chosen, *random.Random(5).sample(list(every_legal(5)), 200)]


def given_codes(p: TrqParameters) -> set[tuple[int, int]]:
    return {(one.code, one.flag) for one in table(p)}


def test_codes_that_a_conversion_gives_decode_to_its_value_both_ways() -> None:
    for p in small():
        codes = sorted(given_codes(p))
        code, flag = (np.array(column) for column in zip(*codes, strict=True))
        expected = [decode(int(c), int(f), p) for c, f in codes]
        assert decode_aligned(code, flag, p).tolist() == expected, p
        assert decode_aligned(code, flag.astype(bool), p, strict=True).tolist() == expected, p
        whole = convert(np.arange(2**p.bits), p)
        assert decode_packed(pack(whole, p), p, strict=True).tolist() == whole.value.tolist(), p


def test_strict_decoding_takes_aligned_codes_that_a_conversion_gives_and_no_others() -> None:
    for p in small():
        known = given_codes(p)
        for code, flag in itertools.product(range(2**p.bits), (0, 1)):
            if (code, flag) in known:
                assert decode_aligned([code], [flag], p, strict=True).tolist() == [decode(code, flag, p)], p
            else:
                with pytest.raises(ValueError):
                    decode_aligned([code], [flag], p, strict=True)


def test_strict_decoding_takes_packed_codes_that_a_conversion_gives_and_no_others() -> None:
    for p in small():
        known = {one.packed: one.value for one in table(p)}
        width = max(p.r1_bits, r2_bits(p)) + 1
        for word in range(2**width):
            if word in known:
                assert decode_packed([word], p, strict=True).tolist() == [known[word]], p
            else:
                with pytest.raises(ValueError):
                    decode_packed([word], p, strict=True)
        for word in (2**width, -1):
            with pytest.raises(ValueError):
                decode_packed([word], p)


def test_a_code_of_r2_inside_r1_is_decoded_unless_that_is_strict() -> None:
    p = TrqParameters(r1_bits=4, ratio_log2=3)
    assert decode_aligned([8], [1], p).tolist() == [12]
    assert decode_packed([0b100001], p).tolist() == [12]
    for decoded in (lambda: decode_aligned([8], [1], p, strict=True), lambda: decode_packed([33], p, strict=True)):
        with pytest.raises(ValueError):
            decoded()


def test_codes_keep_their_shape() -> None:
    p = TrqParameters(r1_start=32, r1_bits=3, r1_step_log2=1, ratio_log2=2)
    counts = np.arange(256).reshape(4, 8, 8)
    result = convert(counts, p)
    packed = pack(result, p)
    assert packed.shape == counts.shape
    assert np.array_equal(decode_packed(packed, p), result.value)
    assert np.array_equal(decode_aligned(result.code, ~result.in_r1, p), result.value)
    assert packed.tolist() == np.reshape([one.packed for one in table(p)], counts.shape).tolist()
