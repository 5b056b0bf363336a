"""The library inside the function's zip: artifact formats, store, session, events and dialects."""
