"""Events: the outbox that commands write, the streams that tell of it, and the work that waits."""
