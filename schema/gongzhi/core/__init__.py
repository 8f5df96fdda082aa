"""Core: people, grids and cases, and who may see them."""
