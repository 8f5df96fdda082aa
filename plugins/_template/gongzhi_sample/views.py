"""What the console shows of it: households to choose from, and the notes on one with the form for the next."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

HOUSEHOLDS = """
query SampleHouseholds($first: Int!, $after: String, $filter: HouseholdFilter) {
  households(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id number headName address grid { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
NOTES = """
query SampleNotes($id: ID!) {
  node(id: $id) { ... on Household { id number address sampleNotes(first: 20) { at text } } }
}
"""

VIEWS = (
    View("sample.households", "Notes (备注)", HOUSEHOLDS, "sample.view", opens="sample.notes"),
    View("sample.notes", "On a household (户备注)", NOTES, "sample.view", ViewKind.DETAIL, forms=("addSampleNote",)),
)
