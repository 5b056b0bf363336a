"""The function on this machine: one event, or an HTTP server, through the same handler."""
