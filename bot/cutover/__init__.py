"""Cutovers: planned, checked, driven to the promotion, and proven afterwards."""
