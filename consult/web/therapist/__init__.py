"""What the therapist sees."""
