"""Journal: mutations that were carried out, so that a repeated request is answered and not done again."""
