"""Advice: questions about the law, their answers, and what everybody may read of them."""
