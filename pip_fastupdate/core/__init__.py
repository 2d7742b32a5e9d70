"""What every package may use: models, options, errors and small tools. Imports none of the other packages."""
