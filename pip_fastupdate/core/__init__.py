"""What every part may use: the models, options, errors and small tools. Imports nothing of the other parts."""
