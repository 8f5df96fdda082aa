"""Notices (通知): what is in inboxes goes out by the channels in use."""
