"""Plugins as the server has them: found, loaded, confined, and looked after."""
