"""Ledger: accounts, double-entry postings, their hash chain, expiry and statements."""
