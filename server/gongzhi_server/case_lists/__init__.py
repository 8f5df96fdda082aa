"""Case lists: what cases are found and ordered by that is in no column of theirs."""
