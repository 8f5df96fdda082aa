"""Grids (网格): the tree from the province down to the third level within a village."""
