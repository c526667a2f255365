"""Every inspection that is kept, chained to the one before it."""
