"""``--interactive``: the user chooses in a terminal which of the planned updates to install."""
