"""What somebody is told: about their case, their duty, a look at their file."""
