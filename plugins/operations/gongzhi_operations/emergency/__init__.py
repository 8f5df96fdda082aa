"""Emergency mode (平战结合): named powers for a time, with an end, and a report to everybody."""
