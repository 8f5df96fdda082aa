"""The machine that serves the contract."""
