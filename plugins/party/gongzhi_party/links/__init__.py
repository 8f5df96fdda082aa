"""Links: members who look after households, and the wishes they fulfil."""
