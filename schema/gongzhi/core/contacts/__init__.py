"""Contacts: telephone numbers that people without an account leave with a case, and prove to be theirs."""
