"""Calendars: the days and hours in which a county's offices work."""
