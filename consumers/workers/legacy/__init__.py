"""The worker of Channels 1.x code: it runs the turns of sockets on threads."""
