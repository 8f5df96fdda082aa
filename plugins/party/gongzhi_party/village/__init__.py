"""Village: the village code, its councils and deputies' proposals."""
