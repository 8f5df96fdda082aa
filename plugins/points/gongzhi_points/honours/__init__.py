"""Honours: honours by published criteria, and the services they entitle to."""
