def measure(*a, **k):
    return {}
