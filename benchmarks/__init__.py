"""Benchmarks: what `make bench` runs, the server side by side with its peers."""
