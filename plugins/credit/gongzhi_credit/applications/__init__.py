"""Applications: from the draft to the lender's decision."""
