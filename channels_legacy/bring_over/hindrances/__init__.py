"""Everything beside import lines that stands in the way of a team's code, by subject."""
