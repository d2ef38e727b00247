"""Stands in for Ray's dashboard agent on the embedded node, whose services nobody uses there.

The agent imports for two seconds and Ray's node waits for it. This tells the node, as the agent of a Ray without
its dashboard does, that there are no such services, and stays as long as the node. It imports nothing of Ray.
"""

import os
import sys
import time

SERVICES = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port")
NO_SERVICE = "-1"


def main() -> None:
    """Write one file for each service and wait for the node's end."""
    options = dict(argument[2:].split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    node = os.getppid()
    for service in SERVICES:
        file = os.path.join(options["session-dir"], f"{service}_{options['node-id']}")  # noqa: PTH118
        with open(f"{file}.new", "w") as new:  # noqa: PTH123
            new.write(NO_SERVICE)
        os.replace(f"{file}.new", file)  # noqa: PTH105
    while os.getppid() == node:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
