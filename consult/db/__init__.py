"""How rows are kept: the declarative base, column types, sealing, the engine's set-up, the only commit."""
