"""Disclosure: protected values shown in clear, people found by them, and what people read of looks at their files."""
