"""Claims: points claimed for acts or awarded for events, and objections to decisions."""
