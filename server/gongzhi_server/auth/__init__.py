"""Authentication: passwords, sessions, API keys, identity providers, and what is remembered of credentials."""
