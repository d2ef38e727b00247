"""What is read from the reports of Ray's control service, where they are not plain."""

from __future__ import annotations

from ray.core.generated.common_pb2 import ErrorType, TaskStatus
from ray.core.generated.gcs_pb2 import TaskEvents

from duet.bridge.task_events import TaskProgress

STARTED, ENDED = 1_000_000_000, 3_000_000_000


def report(*, done: bool, failure: str | None = None) -> TaskEvents:
    """Of a task that has been seen running; `done`: its worker says that it has stored what it returned."""
    event = TaskEvents(task_id=b"1", attempt_number=0, job_id=b"1")
    event.state_updates.state_ts_ns[TaskStatus.Value("RUNNING")] = STARTED
    # A task that is cut short has these too.
    event.profile_events.events.add(event_name="task:execute", start_time=STARTED, end_time=ENDED)
    event.profile_events.events.add(event_name="task::train", start_time=STARTED, end_time=ENDED)
    if done:
        event.profile_events.events.add(event_name="task:store_outputs", start_time=STARTED, end_time=ENDED)
    if failure is not None:
        event.state_updates.state_ts_ns[TaskStatus.Value("FAILED")] = ENDED
        event.state_updates.error_info.error_type = ErrorType.Value(failure)
        event.state_updates.error_info.error_message = "Worker force exited because its job has finished"
    return event


def advanced(event: TaskEvents) -> tuple[list[str], TaskProgress]:
    """The states that the report tells, and the task afterwards."""
    task = TaskProgress(id="1", name="train", resources={})
    return [state for state, _ in task.advance(event)], task


def test_a_task_whose_driver_left_before_it_could_report_its_end_has_finished() -> None:
    states, task = advanced(report(done=True, failure="WORKER_DIED"))
    assert states == ["running", "finished"]
    assert task.error is None
    assert not task.live


def test_a_task_that_ran_when_its_driver_left_has_failed() -> None:
    states, task = advanced(report(done=False, failure="WORKER_DIED"))
    assert states == ["running", "failed"]
    assert task.error == "Worker force exited because its job has finished"


def test_a_task_that_raised_has_failed() -> None:
    states, _ = advanced(report(done=False, failure="TASK_EXECUTION_EXCEPTION"))
    assert states == ["running", "failed"]


def test_a_task_runs_until_its_driver_says_more_but_its_worker_is_remembered_to_be_done() -> None:
    states, task = advanced(report(done=True))
    assert states == ["running"]
    assert task.live
    assert task.executed == ENDED / 1e6
