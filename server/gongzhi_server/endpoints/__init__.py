"""Endpoints: plain HTTP beside `/graphql`, for signing in, uploads, downloads, feeds, and routes of plugins."""
