"""What a patient answers before and beside the booking: contact, safety screening, the plan of the intake."""
