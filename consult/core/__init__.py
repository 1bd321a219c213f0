"""Words every slice shares. Standard library only."""
