"""Code of a team, as it was written for Channels 1.x: the load of the scenarios `channels1-...`."""
