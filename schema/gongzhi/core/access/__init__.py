"""Access records: who looked at whose file and who did what, kept so that nobody can change them unnoticed."""
