"""What was written without a network and sent when there was one (离线同步)."""
