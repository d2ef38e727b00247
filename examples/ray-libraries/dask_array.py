# /// script
# dependencies = ["dask[array]"]
# ///
"""NumPy on Ray: dask cuts an array into blocks, and each step on a block is a Ray task.

The packages above are found or built when the script runs.

    npx duet run examples/ray-libraries/dask_array.py
"""

import dask.array as da
import ray
from ray.util.dask import enable_dask_on_ray

ray.init()

with enable_dask_on_ray():
    numbers = da.arange(4_000_000, chunks=1_000_000) % 1000
    table = numbers.reshape(2000, 2000)
    print(f"mean {numbers.mean().compute()}, trace of the product {int(da.trace(table @ table.T).compute())}")
