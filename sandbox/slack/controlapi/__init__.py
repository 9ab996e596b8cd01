"""The sandbox's own HTTP API under `/sandbox/`: acting as people, looking, and switching faults."""
