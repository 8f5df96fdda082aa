"""What is kept of other systems' numbers."""

from __future__ import annotations

from ..errors import Text
from ..people.holdings import RECORDS
from ..registers.declared import Holding

HOLDINGS = (Holding("intake.entry", Text("numbers of cases in other systems", "诉求的外部编号"), RECORDS),)
