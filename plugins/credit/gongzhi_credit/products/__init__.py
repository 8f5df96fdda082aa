"""Products: lenders, prime rates, loan products and their prices."""
