"""Rights: what people may ask of whoever keeps their data, from consent and copies to review and erasure."""
