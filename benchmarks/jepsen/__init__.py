"""Jepsen: writers and followers, faults between them, a history of all that they saw, and a checker of it.

`python -m benchmarks.jepsen` runs several server processes, two PostgreSQL servers of which one follows the other, and
three NATS servers, all on this machine; proxies stand between them. docs/reliability.md says what is promised, what is
checked, and what came of it. The idea, and the word, are Kyle Kingsbury's (jepsen.io).
"""
