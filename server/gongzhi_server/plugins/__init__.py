"""Plugins: found, loaded, confined, and looked after by the server."""
