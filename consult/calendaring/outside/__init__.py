"""Calendars kept elsewhere: fetched, read, never written."""
