"""List queries: a query of one list, planned like any other, counted or read a page at a time."""

from .list_reader import ListReader as ListReader

__all__ = ["ListReader"]
