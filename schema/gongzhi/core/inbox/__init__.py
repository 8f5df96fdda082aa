"""Inbox: notices as people read them."""
