"""What runs beside Ray and inside users' Python: the bridge, the PythonAlg runner, the `mlsql` module."""
