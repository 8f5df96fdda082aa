"""Running: what commands, handlers and jobs have at hand."""
