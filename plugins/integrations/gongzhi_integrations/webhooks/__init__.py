"""Webhooks: deliver events to endpoints, signed, in order for each case, again and again until they are taken."""
