"""Sockets of Channels 1.x code: their turns go to the workers, and the answers come back to groups and sockets."""
