"""The tables of the party plugin, a module for each of its parts."""

from .organisation import BranchKind as BranchKind
from .organisation import BranchRow as BranchRow
from .organisation import CoverageRow as CoverageRow
from .organisation import Duty as Duty
from .organisation import MemberRow as MemberRow
from .organisation import MemberStatus as MemberStatus
from .organisation import OfficeRow as OfficeRow
from .organisation import ReportRow as ReportRow
from .organisation import TransferRow as TransferRow
from .organisation import TransferState as TransferState
