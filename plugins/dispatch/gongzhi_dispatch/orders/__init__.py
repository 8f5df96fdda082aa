"""Orders: cases given to units, the work on them, and objections to having got them."""
