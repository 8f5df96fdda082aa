"""The ledger of affairs: what a village has to publish, by when, with two signatures (村务公开)."""
