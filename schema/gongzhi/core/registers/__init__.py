"""What anybody may read: rules that decide, figures, how long data are kept, texts of notices."""
