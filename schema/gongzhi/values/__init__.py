"""Values: what every layer may use and what uses none."""
