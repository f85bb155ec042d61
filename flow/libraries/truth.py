"""Truth tables of the Boolean expressions in liberty files."""

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"[A-Za-z_]\w*|[01!'&*+|^()]")


def truth_table(expression: str, inputs: Sequence[str]) -> int:
    """Bit ``k`` of the result is the expression's value when input ``i`` carries bit ``i`` of ``k``.

    ``!`` and a trailing ``'`` negate; ``^`` binds before AND (``&``, ``*`` or a space), AND before OR (``|`` or ``+``).

    :raises ValueError: the expression is malformed or names something that is no input.
    """
    reader = _Reader(expression, inputs)
    table = reader.disjunction()
    if reader.tokens:
        raise ValueError(f"unexpected {reader.tokens[0]!r} in the function {expression!r}")
    return table


class _Reader:
    def __init__(self, expression: str, inputs: Sequence[str]) -> None:
        self.expression = expression
        self.tokens = _TOKEN.findall(expression)
        rows = 1 << len(inputs)
        self.ones = (1 << rows) - 1
        self.tables = {"0": 0, "1": self.ones}
        for index, name in enumerate(inputs):
            self.tables[name] = sum(1 << row for row in range(rows) if row >> index & 1)

    def _take(self, wanted: str) -> bool:
        if self.tokens and self.tokens[0] in wanted:
            self.tokens.pop(0)
            return True
        return False

    def disjunction(self) -> int:
        table = self._conjunction()
        while self._take("|+"):
            table |= self._conjunction()
        return table

    def _conjunction(self) -> int:
        table = self._exclusive()
        while self.tokens and self.tokens[0] not in ")|+^'":
            self._take("&*")
            table &= self._exclusive()
        return table

    def _exclusive(self) -> int:
        table = self._factor()
        while self._take("^"):
            table ^= self._factor()
        return table

    def _factor(self) -> int:
        if self._take("!"):
            return self.ones & ~self._factor()
        if self._take("("):
            table = self.disjunction()
            if not self._take(")"):
                raise ValueError(f"a closing parenthesis is missing in the function {self.expression!r}")
        else:
            table = self._operand()
        while self._take("'"):
            table = self.ones & ~table
        return table

    def _operand(self) -> int:
        name = self.tokens.pop(0) if self.tokens else ""
        if name not in self.tables:
            raise ValueError(f"{name!r} in the function {self.expression!r} is no input")
        return self.tables[name]
