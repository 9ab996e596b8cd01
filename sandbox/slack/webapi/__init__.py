"""The Web API: one function per method, collected by name."""
