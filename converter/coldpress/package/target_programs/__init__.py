"""Programs that the target's own interpreter runs; nothing imports them.

They know the standard library of the target's Python and nothing of Coldpress.
"""
