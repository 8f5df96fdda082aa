"""Storage: the database and its pools, migrations, the audit chain, the access log, the key ring."""
