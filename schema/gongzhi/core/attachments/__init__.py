"""Attachments (附件): photos, recordings, videos and documents that belong to a case."""
