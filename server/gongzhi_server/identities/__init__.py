"""Identities: who an account is at identity providers, by which `auth` lets it sign in."""
