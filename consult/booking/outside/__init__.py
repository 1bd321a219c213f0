"""The therapist's other calendars: which there are, when they are looked at, what she is told."""
