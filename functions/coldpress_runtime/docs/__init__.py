"""The docs function's library: what is served, told to people and to their tools."""
