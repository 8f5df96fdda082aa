"""Intake: cases that other systems file, under their own numbers."""
