"""Runs a script on a Ray cluster: the entry point of its Ray job, `python -m duet.script.job_runner script.py args…`.

It starts `python script.py args…` with the wiring that a run on one's own machine has, and writes what the script
prints and does to standard output, which is the job's log, as `duet.script.job_log` says. What it has to know comes
in the environment variable `DUET_JOB`: `{"profile": …, "directory": …, "wiring": …}`, with the working directory inside
the uploaded folder, and what DUET_SCRIPT is made from: without a socket and Ray, the script's path relative, and
without a `directory` where there is no lake.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from duet.script.context import spark_engine
from duet.script.job_channel import JobChannel
from duet.script.job_log import VERSION, JobLog, Stream
from duet.script.job_processes import adopt_orphans, end_children
from duet.script.job_sessions import release_sessions
from duet.script.job_tasks import JobTasks

VARIABLE = "DUET_JOB"
RAY_JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"
CHUNK = 65_536
# A part of a line that nothing follows for this long is passed on: a question, a progress bar.
PART_DELAY = 0.05
# After a request to stop: what the script gets to end by itself, and then after SIGTERM. Seconds.
STOP_PATIENCE = 2.5
TERM_PATIENCE = 1.0
LEFT_OVER_PATIENCE = 0.5
SETTLE_PATIENCE = 2.0
RELEASE_PATIENCE = 5.0
# The exit code of a job whose script could not be started; `duet` has the same for engines.
FAILED = 3


class JobRunner:
    """One run of a script as a Ray job."""

    def __init__(self, command: list[str], job: dict[str, Any]) -> None:
        self._command = command
        self._job = job
        self._folder = Path.cwd()
        self._log = JobLog(_write)
        self._stopped = asyncio.Event()
        self._sessions: list[dict[str, Any]] = []
        self._channel = JobChannel(job["profile"], self._message)
        self._tasks = JobTasks(os.environ.get("RAY_ADDRESS", ""), self._task_changed, self._note)

    async def run(self) -> int:
        """Run the script to its end; gives the exit code as shells count."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopped.set)
        adopt_orphans()
        begin = {"version": VERSION, "python": platform.python_version(), "folder": str(self._folder)}
        self._log.record("begin", {**begin, "time": _now()})
        # Short, because the path of a Unix domain socket may have 100 characters only.
        with tempfile.TemporaryDirectory(prefix="duet-", ignore_cleanup_errors=True) as directory:
            try:
                wiring = self._wiring(directory)
            except OSError as error:
                message = f"The run's folder in the lake cannot be made on {platform.node()}: {error}"
                self._log.record("failed", {"code": "lake-unreachable", "message": message})
                return FAILED
            try:
                code = await self._run_wired(wiring, Path(directory, "duet.sock"))
            finally:
                shutil.rmtree(wiring["directory"], ignore_errors=True)
        self._log.record("exit", {"code": code, "stopped": self._stopped.is_set(), "time": _now()})
        return code

    def _wiring(self, temporary: str) -> dict[str, Any]:
        """What the processes of the script are told, but for the socket."""
        wiring = dict(self._job["wiring"])
        wiring["script"] = str(self._directory / wiring["script"])
        wiring["ray"] = {"address": os.environ.get("RAY_ADDRESS", "auto"), "embedded": False}
        if "directory" in wiring:
            _make_like_parent(Path(wiring["directory"]))
        else:
            wiring["directory"] = str(Path(temporary, "run"))
            Path(wiring["directory"]).mkdir()
        return wiring

    @property
    def _directory(self) -> Path:
        return self._folder / self._job["directory"]

    async def _run_wired(self, wiring: dict[str, Any], socket: Path) -> int:
        await self._channel.listen(socket)
        try:
            environment = {**os.environ, "DUET_SCRIPT": _json({**wiring, "socket": str(socket)})}
            environment.pop(VARIABLE, None)
            if RAY_JOB_CONFIG in environment:
                environment[RAY_JOB_CONFIG] = _worker_wiring(environment[RAY_JOB_CONFIG], wiring)
            return await self._run_script(environment)
        finally:
            await self._channel.close()

    async def _run_script(self, environment: dict[str, str]) -> int:
        # Not asyncio's own subprocess: that one waits for the end of the output too, which a process that the script
        # leaves behind keeps open.
        process = subprocess.Popen(
            [sys.executable, *self._command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._directory,
            env=environment,
        )
        output = [
            asyncio.create_task(self._pass_on("stdout", await _reader(process.stdout))),
            asyncio.create_task(self._pass_on("stderr", await _reader(process.stderr))),
        ]
        stopping = asyncio.create_task(self._stop_in_time(process))
        code = await asyncio.to_thread(process.wait)
        stopping.cancel()
        # Processes that the script has left would keep its output open, and outlive the job.
        await asyncio.wait(output, timeout=PART_DELAY)
        await end_children(LEFT_OVER_PATIENCE)
        await asyncio.wait(output, timeout=SETTLE_PATIENCE)
        await self._channel.settle(SETTLE_PATIENCE)
        await self._tasks.close()
        if code < 0 and self._sessions:
            await self._release_sessions()
        return 128 - code if code < 0 else code

    async def _release_sessions(self) -> None:
        engine = spark_engine(self._job["wiring"].get("spark") or {"kind": "apache"})
        releasing = asyncio.to_thread(release_sessions, self._sessions, engine)
        try:
            await asyncio.wait_for(releasing, RELEASE_PATIENCE)
        except Exception as error:
            self._note(f"Spark sessions of the script were not released: {error or type(error).__name__}")

    async def _stop_in_time(self, process: subprocess.Popen[bytes]) -> None:
        """Ray sends its stop signal to every process of the job; this is for a script that does not heed it."""
        await self._stopped.wait()
        await asyncio.sleep(STOP_PATIENCE)
        process.terminate()
        await asyncio.sleep(TERM_PATIENCE)
        process.kill()

    async def _pass_on(self, stream: Stream, reader: asyncio.StreamReader) -> None:
        while True:
            reading = asyncio.ensure_future(reader.read(CHUNK))
            if self._log.pending:
                done, _ = await asyncio.wait([reading], timeout=PART_DELAY)
                if not done:
                    self._log.flush()
            data = await reading
            if not data:
                return
            self._log.output(stream, data)

    def _message(self, message: dict[str, Any]) -> None:
        if message["type"] == "ray-job":
            self._tasks.add(message["job"])
        elif message["type"] == "spark-session":
            self._sessions.append(message)
        self._log.record("message", message)

    def _task_changed(self, change: dict[str, Any]) -> None:
        self._log.record("task", change)

    def _note(self, text: str) -> None:
        self._log.record("message", {"type": "note", "text": text, "time": _now(), "process": os.getpid()})


async def _reader(pipe: IO[bytes] | None) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=CHUNK)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


def _make_like_parent(directory: Path) -> None:
    """Make a run's folder with the access that the lake's own folder has: Spark may be another user."""
    lake = directory.parent.parent
    mode = lake.stat().st_mode & 0o7777
    for folder in (directory.parent, directory):
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)


def _worker_wiring(config: str, wiring: dict[str, Any]) -> str:
    """The job's configuration, with which the script's driver starts its workers: they are wired too.

    They have no channel: it is for the processes on the script's own node.
    """
    value = json.loads(config)
    environment = value.setdefault("runtime_env", {})
    variables = {
        name: text for name, text in environment.get("env_vars", {}).items() if not _for_the_job_alone(name)
    }
    environment["env_vars"] = {**variables, "DUET_SCRIPT": _json(wiring)}
    return json.dumps(value)


def _for_the_job_alone(name: str) -> bool:
    return name == VARIABLE or name.startswith("RAY_JOB_STOP_")


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _now() -> int:
    return time.time_ns() // 1_000_000


def main(command: list[str]) -> int:
    """Run the script that the command line names."""
    job = json.loads(os.environ[VARIABLE])
    return asyncio.run(_run(command, job))


async def _run(command: list[str], job: dict[str, Any]) -> int:
    return await JobRunner(command, job).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
