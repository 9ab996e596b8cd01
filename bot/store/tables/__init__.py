"""The portable SQL of the store, one file per subject."""
