"""GraphQL: the schema, and the engine that answers documents by it."""
