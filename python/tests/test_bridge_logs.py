import asyncio
from types import SimpleNamespace

from duet.bridge.logs import HOLD, LogRouter


class Router(LogRouter):
    def __init__(self):
        self.tasks = {"a": SimpleNamespace(id="a"), "b": SimpleNamespace(id="b")}
        self.places = {}
        self.emitted = []
        self.system_lines = []
        super().__init__(
            self.tasks.get,
            self.places.get,
            lambda task, ray_task, stream, text: self.emitted.append(
                (task and task.id, ray_task, stream, text)
            ),
            self.system_lines.append,
        )

    def lines(self, *lines, pid=7, err=False):
        self.receive({"ip": "1.2.3.4", "pid": pid, "is_err": err, "lines": list(lines)})


def test_marked_lines_go_to_their_tasks_in_order():
    router = Router()
    router.lines("\x1ea\x1fone\x1f", "\x1ea\x1ftwo\x1f", "\x1eb\x1fthree\x1f", "\x1ea\x1ffour\x1f")
    router.lines("\x1eunknown\x1fgone\x1f", err=True)
    assert router.emitted == [
        ("a", None, "stdout", "one\ntwo"),
        ("b", None, "stdout", "three"),
        ("a", None, "stdout", "four"),
    ]


def test_a_torn_line_is_joined_for_each_process_and_stream_by_itself():
    router = Router()
    router.lines("\x1ea\x1fhal")
    router.lines("\x1eb\x1fother\x1f", pid=8)
    router.lines("\x1ea\x1ferr\x1f", err=True)
    router.lines("f\x1f", "\x1ea\x1fnext\x1f")
    assert router.emitted == [
        ("b", None, "stdout", "other"),
        ("a", None, "stderr", "err"),
        ("a", None, "stdout", "half\nnext"),
    ]


def test_unmarked_lines_wait_until_their_process_is_known():
    router = Router()
    router.lines("nested", pid=9)
    assert router.emitted == [] and router.is_awaited
    router.attribute_held()
    assert router.emitted == []
    router.places[("1.2.3.4", "9")] = (router.tasks["a"], "child")
    router.attribute_held()
    assert router.emitted == [("a", "child", "stdout", "nested")]
    assert not router.is_awaited


def test_lines_of_nobody_are_given_up_at_last():
    router = Router()
    router.lines("lost", pid=9)
    router._held[0].time -= HOLD
    router.attribute_held()
    assert router.emitted == [(None, None, "stdout", "lost")]


def test_ray_itself_speaks_to_the_bridge_s_log_only():
    router = Router()
    router.lines("boom", "", pid="raylet", err=True)
    router.lines("chatter", pid="autoscaler")
    assert router.emitted == [] and router.system_lines == ["boom"]


def test_the_wait_for_output_ends_with_the_last_line_or_its_patience():
    async def scenario():
        router = Router()
        router.lines("\x1ea\x1fone\x1f")
        await router.arrived("a", 1, 5)
        waiting = asyncio.ensure_future(router.arrived("a", 3, 5))
        await asyncio.sleep(0)
        assert router.is_awaited
        router.lines("\x1ea\x1ftwo\x1f", "\x1ea\x1fthree\x1f")
        await asyncio.wait_for(waiting, 1)
        assert not router.is_awaited
        await asyncio.wait_for(router.arrived("a", 9, 0.01), 1)
        router.forget("a")
        await asyncio.wait_for(router.arrived("a", 1, 0.01), 1)

    asyncio.run(scenario())
