"""NATS: copies events to JetStream, for integrators, and for our own processes to hear instead of reading the table."""
