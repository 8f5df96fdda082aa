"""Events delivered to whoever asked for them, by HTTP."""
