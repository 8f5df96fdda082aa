"""Telemetry: what a process tells operators of each request: lines of the log, and which request they belong to."""
