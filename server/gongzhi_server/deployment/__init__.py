"""Deployment: what operators do: starting it, looking it over, switching plugins."""
