"""Organisation: branches, offices, membership and the digest of a quarter."""
