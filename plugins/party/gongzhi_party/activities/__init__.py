"""Activities: planning, series, attendance, check-in, minutes and calendars."""
