"""Contract: what the server and its plugins promise each other."""
