"""Governance centres (综治中心) of counties, towns and villages."""
