"""Early signs (未诉先办): like cases that come together in a place, found by a published rule and decided by people."""
