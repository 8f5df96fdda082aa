"""Authentication: who asks, by a session, an API key or an identity provider, and how sessions are opened.

Its modules lie side by side, for the ways in share what proves somebody: passwords, codes, devices, attempts, tickets.
"""
