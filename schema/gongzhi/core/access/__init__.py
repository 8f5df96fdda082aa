"""Who looked at whose file, who did what, and that nobody can change what is written of it."""
