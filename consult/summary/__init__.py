"""What the therapist reads before the session: answers and flags put in order."""
