"""Jobs: work beside requests, by handlers of events, jobs, and services of plugins."""
