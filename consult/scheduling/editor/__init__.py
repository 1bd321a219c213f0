"""What the therapist changes about her schedule: checked as a whole, saved as a whole."""
