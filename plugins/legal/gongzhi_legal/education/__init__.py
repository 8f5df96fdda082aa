"""Legal education: what is published about the law, and how often it is read."""
