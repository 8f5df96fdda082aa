"""Files (附件): told by content, made harmless, sealed, stored, found again; `endpoints.uploads` takes them in."""
