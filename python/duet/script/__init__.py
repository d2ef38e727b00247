"""The wiring of an ordinary Python script: `duet run train.py` gives it the profile's Spark and Ray.

`sitecustomize` (in `python/script_site`) starts it in every Python process of the run; nothing of it is imported
by the script. It costs a few milliseconds where neither PySpark nor Ray is imported.
"""
