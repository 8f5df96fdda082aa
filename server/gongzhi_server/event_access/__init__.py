"""Event access: what plugins may tell other systems of events, by the rules of the subscriptions."""
