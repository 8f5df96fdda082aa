"""Who somebody is: passwords, sessions, keys, identity providers, and what the door remembers of them."""
