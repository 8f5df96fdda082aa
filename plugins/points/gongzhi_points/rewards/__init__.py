"""Rewards: shops, what they hand out, redemptions and their one-time codes."""
