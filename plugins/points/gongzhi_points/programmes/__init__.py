"""Programmes: a place's programmes, the acts they reward and the rules they adopt."""
