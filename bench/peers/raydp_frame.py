"""RayDP's way from a Spark table to one Ray task that holds all of its rows: `ray.data.from_spark`.

RayDP brings a Spark and a Ray of its own. Argument: a folder for Ray's temporary files, its path short. Each line of
standard input is answered with seconds.
"""

import json
import logging
import os
import sys
import time

import pyarrow
import ray


# RayDP makes Ray's workers import this file for its functions: everything else stands below `main`.
@ray.remote
def rows_of_all(*tables):
    return pyarrow.concat_tables(tables).num_rows


def main():
    import raydp
    from raydp.spark.dataset import release_spark_recoverable

    # Spark's executor takes two; the other two are for the tasks.
    ray.init(
        address="local",
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
        _temp_dir=sys.argv[1],
    )
    session = raydp.init_spark(
        app_name="raydp",
        num_executors=1,
        executor_cores=2,
        executor_memory="9GB",
        configs={
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        },
    )
    print("{}", flush=True)
    for line in sys.stdin:
        frame = session.read.parquet(json.loads(line)["source"])
        ray.get([rows_of_all.remote(pyarrow.table({"a": [1]})) for _ in range(2)])
        start = time.perf_counter()
        dataset = ray.data.from_spark(frame)
        rows = ray.get(rows_of_all.remote(*dataset.to_arrow_refs()))
        answer = {"seconds": time.perf_counter() - start, "rows": rows}
        del dataset
        release_spark_recoverable(frame)
        print(json.dumps(answer), flush=True)
    raydp.stop_spark()
    ray.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
