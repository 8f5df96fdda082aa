"""Labels: what people read in place of the names that the schema, permissions, events and errors have."""
