"""What a script will need, read from its syntax tree without running any of it: `analyse.py` is the program."""
