"""Units: the organisations that cases are dispatched to."""
