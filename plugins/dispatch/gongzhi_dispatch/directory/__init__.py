"""Directory: which unit answers for what and where, kept, matched and checked."""
