"""Cases that other systems file, under their own numbers."""
