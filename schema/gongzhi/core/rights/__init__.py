"""What people may ask of whoever keeps their data: consents, explanations, reviews, copies, erasure, releases."""
