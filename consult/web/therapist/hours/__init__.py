"""The pages about hours, days off, rules and sessions on offer."""
