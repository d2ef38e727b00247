"""PythonAlg: runs a user's training script per group of parameters, and applies the models it saved."""
