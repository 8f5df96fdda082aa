"""Running: what commands, handlers and jobs have at hand.

Its modules lie side by side: each is a word of its own, which plugins import by this name.
"""
