"""The two channel layers on Redis, and the connections that they use."""
