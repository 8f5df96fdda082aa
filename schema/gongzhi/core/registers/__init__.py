"""Registers: what anybody may read of rules that decide, figures, retention and privacy notices."""
