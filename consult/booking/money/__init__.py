"""Money as the therapist and the patient see it: takings, alerts, receipts, test and demo."""
