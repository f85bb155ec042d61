"""Stored words of weights and inputs: plain sign-magnitude, or a short code of alphabet and shift per quartet.

A code of {1,3} is {sel, sh1, sh0}: (3 if sel else 1) << sh, and 111 is 0, as 3 << 3 fits no quartet. A code of {1} is
{nz, sh1, sh0}: 1 << sh, or 0 whatever sh if nz is 0. Magnitudes of 3 bits of {1} have codes 00, 01, 10, 11 for 0, 1,
2, 4. A word is {sign, code of the top quartet, .., code of quartet 0}; unsigned inputs have no sign. Minus zero and
every code of zero are read as 0; what is written for 0 is plus zero, 111 of {1,3}, 000 of {1}.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from sim_models.arith.checking import IntArray, integers, require_instance, require_integer
from sim_models.asm.control import KEPT_TABLES, require_supported
from sim_models.asm.parameters import QUARTET_BITS, AsmParameters, quartet_widths
from sim_models.asm.rounding import input_rounding_table

INPUT_CODE_BITS = 3
REFUSED = -1
"""In a table of codes or quartets: not one of them."""
_JOINT_DIGITS = (0, 1, 2, 4, 8)


def code_values(parameters: AsmParameters, place: int) -> tuple[int, ...]:
    """Value of each code, 2^code_bits of them, of quartet ``place`` of an encoded weight; `REFUSED` if it has none.

    Refused are codes of values too large for a top quartet of 3 bits. Raises ValueError without ``encode_weights``
    and for a ``place`` that weights do not have.
    """
    p = parameters
    require_instance("parameters", p, AsmParameters)
    if not p.encode_weights:
        raise ValueError("encode_weights must be True to have codes, not False")
    require_integer("place", place, 0, p.quartets - 1)
    return _values(p.alphabets, p.quartet_bits[place], p.code_bits)


def encode(weights: ArrayLike, parameters: AsmParameters) -> IntArray:
    """Stored words, int64 of the same shape, of signed ``weights`` on the grid.

    Words have ``weight_word_bits`` bits: {sign, codes} with ``encode_weights``, else {sign, magnitude}. Raises
    ValueError for weights that are no integers or whose magnitude is not supported.
    """
    p = parameters
    require_instance("parameters", p, AsmParameters)
    values = integers("weights", weights, -p.maximum_weight, p.maximum_weight)
    magnitudes = np.abs(values)
    require_supported("weights", magnitudes, p.alphabets, p.magnitude_bits)
    words = _coded(magnitudes, p.alphabets, p.magnitude_bits, p.code_bits) if p.encode_weights else magnitudes
    return words | (values < 0).astype(np.int64) << p.weight_word_bits - 1


def decode(codes: ArrayLike, parameters: AsmParameters) -> IntArray:
    """Signed weights, int64 of the same shape, of stored words ``codes``.

    Raises ValueError for words that are no integers of ``weight_word_bits`` bits, and for refused codes or
    magnitudes that are not supported.
    """
    p = parameters
    require_instance("parameters", p, AsmParameters)
    words = integers("codes", codes, 0, (1 << p.weight_word_bits) - 1)
    signs, body = np.divmod(words, 1 << p.weight_word_bits - 1)
    if p.encode_weights:
        body = _decoded("codes", body, p.alphabets, p.magnitude_bits, p.code_bits)
    else:
        require_supported("codes", body, p.alphabets, p.magnitude_bits)
    return np.where(signs, -body, body)


def encode_inputs(values: ArrayLike, parameters: AsmParameters) -> IntArray:
    """Input words, int64 of the same shape, of input values: unsigned, or signed with ``input_signed``.

    Words have ``input_word_bits`` bits. Raises ValueError for values that are no integers or out of range, and with
    ``encode_inputs`` for magnitudes that are not supported.
    """
    values = require_inputs("values", values, parameters)
    p, magnitudes = parameters, np.abs(values)
    words = _coded(magnitudes, p.alphabets, p.input_bits, INPUT_CODE_BITS) if p.encode_inputs else magnitudes
    return words | (values < 0).astype(np.int64) << p.input_word_bits - 1


def decode_inputs(words: ArrayLike, parameters: AsmParameters) -> IntArray:
    """Input values, int64 of the same shape, of input words.

    Raises ValueError for words that are no integers of ``input_word_bits`` bits.
    """
    p = parameters
    require_instance("parameters", p, AsmParameters)
    taken = integers("words", words, 0, (1 << p.input_word_bits) - 1)
    signs, body = np.divmod(taken, 1 << p.input_word_bits - p.input_signed)  # unsigned words leave no sign
    if p.encode_inputs:
        body = _decoded("words", body, p.alphabets, p.input_bits, INPUT_CODE_BITS)
    return np.where(signs, -body, body)


def encode_joint(magnitudes: ArrayLike) -> IntArray:
    """Joint 5-bit codes, int64 of the same shape, of 8-bit ``magnitudes`` of {1}: 5 d1 + d0, digits of the quartets.

    Digits 0..4 stand for the quartets 0, 1, 2, 4, 8. Raises ValueError for magnitudes that {1} does not support.
    """
    values = integers("magnitudes", magnitudes, 0, 255)
    require_supported("magnitudes", values, (1,), 8)
    digits = np.zeros(16, np.int64)
    digits[list(_JOINT_DIGITS)] = range(len(_JOINT_DIGITS))
    return len(_JOINT_DIGITS) * digits[values >> QUARTET_BITS] + digits[values & 15]


def decode_joint(codes: ArrayLike) -> IntArray:
    """8-bit magnitudes, int64 of the same shape, of joint 5-bit ``codes``; ValueError for codes outside 0..24."""
    upper, lower = np.divmod(integers("codes", codes, 0, len(_JOINT_DIGITS) ** 2 - 1), len(_JOINT_DIGITS))
    digits = np.array(_JOINT_DIGITS, np.int64)
    return digits[upper] << QUARTET_BITS | digits[lower]


def round_inputs(values: ArrayLike, parameters: AsmParameters) -> IntArray:
    """Input values with their magnitudes rounded to supported words of ``input_bits`` bits, by the rule of weights.

    int64 of the same shape. Raises ValueError for values that are no integers, out of range, or negative without
    ``input_signed``.
    """
    p = parameters
    table = input_rounding_table(p)
    taken = integers("values", values, -p.maximum_input if p.input_signed else 0, p.maximum_input)
    return np.sign(taken) * table[np.abs(taken)]


def require_inputs(name: str, values: ArrayLike, parameters: AsmParameters) -> IntArray:
    """``values`` as int64; ValueError unless they are inputs: in range, and supported with ``encode_inputs``."""
    p = parameters
    require_instance("parameters", p, AsmParameters)
    taken = integers(name, values, -p.maximum_input if p.input_signed else 0, p.maximum_input)
    if p.encode_inputs:
        require_supported(name, np.abs(taken), p.alphabets, p.input_bits)
    return taken


@lru_cache(maxsize=KEPT_TABLES)
def _values(alphabets: tuple[int, ...], bits: int, code_bits: int) -> tuple[int, ...]:
    if code_bits == 2:
        return _JOINT_DIGITS[:4]
    values = (0, 0, 0, 0, 1, 2, 4, 8) if alphabets == (1,) else (1, 2, 4, 8, 3, 6, 12, 0)
    return tuple(value if value < 1 << bits else REFUSED for value in values)


def _coded(magnitudes: IntArray, alphabets: tuple[int, ...], bits: int, code_bits: int) -> IntArray:
    words = np.zeros_like(magnitudes)
    for place, width in enumerate(quartet_widths(bits)):
        values = _values(alphabets, width, code_bits)
        codes = np.array([values.index(q) if q in values else REFUSED for q in range(1 << width)], np.int64)
        words |= codes[magnitudes >> QUARTET_BITS * place & (1 << width) - 1] << code_bits * place
    return words


def _decoded(name: str, words: IntArray, alphabets: tuple[int, ...], bits: int, code_bits: int) -> IntArray:
    magnitudes = np.zeros_like(words)
    for place, width in enumerate(quartet_widths(bits)):
        codes = words >> code_bits * place & (1 << code_bits) - 1
        quartets = np.array(_values(alphabets, width, code_bits), np.int64)[codes]
        if (refused := codes[quartets == REFUSED]).size:
            raise ValueError(
                f"{name} must hold codes of values below {1 << width} in quartet {place}, not {refused[0]}"
            )
        magnitudes |= quartets << QUARTET_BITS * place
    return magnitudes
