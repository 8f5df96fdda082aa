"""What is bound when a statement runs."""

from __future__ import annotations

from typing import Any

from gongzhi.sql import Bind
from pypika_tortoise.terms import Parameter, Parameterizer


class Parameters(Parameterizer):
    """Numbers what is bound, the same value only once; constants stay in the text, where Postgres can see them."""

    def should_parameterize(self, value: Any) -> bool:
        return isinstance(value, Bind)

    def create_param(self, value: Any) -> Parameter:
        for index, known in enumerate(self.values, 1):
            if known is value:
                return Parameter(f"${index}")
        self.values.append(value)
        return Parameter(f"${len(self.values)}")
