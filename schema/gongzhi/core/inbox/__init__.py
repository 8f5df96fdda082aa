"""Inbox: notices as people read them, and on their way out by channels."""
