"""Figures (统计): declared aggregates with published formulas, rolled up by place, day and visibility (rulings 11)."""
