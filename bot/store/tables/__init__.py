"""The portable SQL of the store, one file a subject."""
