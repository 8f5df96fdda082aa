"""Files (附件): looked at by content, made harmless, sealed, stored, found again; `endpoints.uploads` takes them in."""
