"""What is written to patients and the therapist: mails, invitations, reminders, text messages."""
