"""The settings, from the environment and a TOML file."""
