"""Notices: what somebody is told about their case, their duty or a look at their file."""
