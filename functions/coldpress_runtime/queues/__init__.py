"""Messages of a queue: what they ask, where the answers go, and what becomes of the others."""
