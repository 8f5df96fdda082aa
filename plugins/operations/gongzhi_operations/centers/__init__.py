"""Governance centres (综治中心): those of counties, towns and villages."""
