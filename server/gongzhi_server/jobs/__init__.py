"""Work beside requests: handlers of events, jobs, services of plugins."""
