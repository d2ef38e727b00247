from __future__ import annotations

import base64
import json

import pytest

from duet.script.job_log import JobLog


class Written:
    def __init__(self) -> None:
        self.data = b""
        self.log = JobLog(self.write)

    def write(self, data: bytes) -> None:
        self.data += data


@pytest.fixture
def written() -> Written:
    return Written()


def test_lines_of_standard_output_stand_as_they_are(written: Written) -> None:
    written.log.output("stdout", "eins\nzwölf\r\nthr".encode())
    assert written.data == "eins\nzwölf\r\n".encode()
    written.log.output("stdout", b"ee\n")
    assert written.data.endswith(b"three\n")
    assert not written.log.pending


def test_a_part_of_a_line_is_a_record_once_it_is_flushed(written: Written) -> None:
    written.log.output("stdout", b"Name: ")
    assert written.data == b""
    assert written.log.pending
    written.log.flush()
    assert written.data == b"\x1eO\x1f" + base64.b64encode(b"Name: ") + b"\x1f\n"


def test_order_is_kept_between_the_streams(written: Written) -> None:
    written.log.output("stdout", b"a")
    written.log.output("stderr", b"warning\nb")
    written.log.output("stdout", b"c\n")
    assert [line.split(b"\x1f")[0] for line in written.data.splitlines()] == [
        b"\x1eO",
        b"\x1ee",
        b"\x1eE",
        b"c",
    ]


@pytest.mark.parametrize("data", [b"\xff\xfe\n", b"fine\n\x1ee\x1fforged\x1f\n", b"\x1eexit\x1f{}\x1f\n"])
def test_other_bytes_and_forged_records_are_packed(written: Written, data: bytes) -> None:
    written.log.output("stdout", data)
    assert written.data == b"\x1eO\x1f" + base64.b64encode(data) + b"\x1f\n"


def test_a_line_without_an_end_is_cut_into_parts(written: Written) -> None:
    data = b"x" * 200_000
    for start in range(0, len(data), 50_000):
        written.log.output("stdout", data[start : start + 50_000])
    written.log.flush()
    parts = [base64.b64decode(line[3:-1]) for line in written.data.split(b"\n")[:-1]]
    assert b"".join(parts) == data
    assert max(map(len, parts)) <= 65_536 + 50_000


def test_a_record_holds_json_on_one_line(written: Written) -> None:
    written.log.record("exit", {"code": 3, "text": "a\nb"})
    kind, payload, end = written.data.split(b"\x1f")
    assert (kind, end) == (b"\x1eexit", b"\n")
    assert json.loads(payload) == {"code": 3, "text": "a\nb"}
