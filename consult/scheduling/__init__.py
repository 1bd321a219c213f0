"""Who is free when, and what is taken: hours, slots, holds and appointments."""
