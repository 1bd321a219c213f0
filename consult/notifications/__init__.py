"""Mail: what it says, how it is built, the outbox that holds it until it is sent."""
