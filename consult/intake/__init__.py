"""What the patient tells us before the visit, and whether it is safe to go on."""
