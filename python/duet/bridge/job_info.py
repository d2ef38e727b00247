"""What Ray's control service (GCS) tells of jobs, their actors and the nodes; beside `task_events.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ray.core.generated import gcs_pb2, gcs_service_pb2, gcs_service_pb2_grpc

PATIENCE = 5


@dataclass(frozen=True)
class LivingActor:
    """An actor that outlives its job."""

    name: str
    namespace: str


class JobInfo:
    """Asks over a channel of the control service. Every call raises what gRPC raises, after 5 s."""

    def __init__(self, channel: Any) -> None:
        self._jobs = gcs_service_pb2_grpc.JobInfoGcsServiceStub(channel)
        self._actors = gcs_service_pb2_grpc.ActorInfoGcsServiceStub(channel)
        self._nodes = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)

    async def has_ended(self, job: str) -> bool:
        """Whether the driver of a job has gone; one that is unknown has not come yet."""
        request = gcs_service_pb2.GetAllJobInfoRequest(
            job_or_submission_id=job, skip_submission_job_info_field=True, skip_is_running_tasks_field=True
        )
        reply = await self._jobs.GetAllJobInfo(request, timeout=PATIENCE)
        return any(info.job_id.hex() == job and info.is_dead for info in reply.job_info_list)

    async def detached_actors(self, job: str) -> list[LivingActor]:
        """The actors that a job has left alive."""
        request = gcs_service_pb2.GetAllActorInfoRequest()
        request.filters.job_id = bytes.fromhex(job)
        reply = await self._actors.GetAllActorInfo(request, timeout=PATIENCE)
        return [
            LivingActor(actor.name, actor.ray_namespace)
            for actor in reply.actor_table_data
            if actor.is_detached and actor.state != gcs_pb2.ActorTableData.DEAD
        ]

    async def nodes(self) -> list[dict[str, Any]]:
        """The living nodes, with their total `resources`."""
        reply = await self._nodes.GetAllNodeInfo(gcs_service_pb2.GetAllNodeInfoRequest(), timeout=PATIENCE)
        return [
            {"resources": dict(node.resources_total)}
            for node in reply.node_info_list
            if node.state == gcs_pb2.GcsNodeInfo.ALIVE
        ]
