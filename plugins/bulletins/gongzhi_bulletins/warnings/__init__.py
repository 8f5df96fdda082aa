"""Warnings: messages of the Common Alerting Protocol become bulletins where their areas lie (预警)."""
