"""What calendar programs are told: events, invitations, feeds (RFC 5545, 5546, 7986)."""
