"""The process: logs, metrics, health, the HTTP server, who leads, and how it stops."""
