"""Accounts: who may sign in, how, and what they were granted."""
