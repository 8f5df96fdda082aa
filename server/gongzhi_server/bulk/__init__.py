"""Lists as files (批量导出): a query of one list, planned like any other, read a page at a time."""

from .desk import Desk as Desk
from .listings import Listings as Listings

__all__ = ["Desk", "Listings"]
