"""The process: logs, metrics, health, the HTTP server, leader election and shutdown."""
