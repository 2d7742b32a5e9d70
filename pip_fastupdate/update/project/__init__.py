"""What the files of the user's project say of a run, and what is written there."""
