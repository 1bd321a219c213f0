"""What machines ask for: calendar feeds, health checks."""
