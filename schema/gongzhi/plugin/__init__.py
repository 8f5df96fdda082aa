"""Plugins: what one says of itself, by hooks that the server asks."""
