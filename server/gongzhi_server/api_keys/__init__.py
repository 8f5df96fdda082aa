"""API keys: from where one counts, and how its holder proves to have it without sending it; `auth` looks at both."""
