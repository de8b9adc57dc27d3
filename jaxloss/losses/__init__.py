"""The first floor: one family of losses a file."""
