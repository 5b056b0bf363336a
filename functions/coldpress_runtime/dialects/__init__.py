"""The wire protocols that the function speaks, one module each."""
