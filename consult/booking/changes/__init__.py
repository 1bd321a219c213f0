"""A booked visit moved or cancelled, by its patient or by the therapist, and that taken back."""
