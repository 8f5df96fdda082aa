"""Plugin switches: in which counties which plugin is on, and what is published of each."""
