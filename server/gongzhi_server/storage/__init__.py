"""Storage: the database and its pools, migrations, the audit chain, the access log, the key ring.

Its modules lie side by side: pools, locks and signs of life serve the audit, the access log and migrations alike.
"""
