"""Peers: the servers that are compared, each an ASGI application for one uvicorn process."""
