import subprocess
import sys
from pathlib import Path

from duet.log_marker import LINE_LIMIT, MarkedStream, OutputBudget, marked_output, parse


class Sink:
    def __init__(self):
        self.texts = []

    def __call__(self, line):
        assert line.endswith("\n")
        marked = parse(line[:-1])
        assert marked is not None and marked.root == "task-1" and marked.complete
        self.texts.append(marked.text)


def stream(limit=5_000_000):
    sink = Sink()
    return MarkedStream("task-1", sink, OutputBudget(limit)), sink


def test_parse_tells_marked_torn_and_plain_lines_apart():
    assert parse("plain") is None
    assert parse("\x1eno separator") is None
    assert parse("\x1et\x1ftext\x1f") == ("t", "text", True)
    assert parse("\x1et\x1fte") == ("t", "te", False)
    assert parse("\x1et\x1fa\x1fb\x1f") == ("t", "a\x1fb", True)


def test_lines_go_out_whole_and_the_last_one_at_the_end():
    out, sink = stream()
    out.write("a")
    assert sink.texts == []
    out.write("b\n\nc\nd")
    assert sink.texts == ["ab", "", "c"]
    out.finish()
    assert sink.texts == ["ab", "", "c", "d"]
    out.finish()
    assert len(sink.texts) == 4


def test_a_progress_bar_shows_its_last_state():
    out, sink = stream()
    for percent in range(101):
        out.write(f"\r{percent}%")
    out.write("\ndone\r\n")
    assert sink.texts[0] == "0%"
    assert sink.texts[-2:] == ["100%", "done"]
    assert len(sink.texts) <= 4


def test_a_bar_that_ends_with_its_carriage_return():
    out, sink = stream()
    for percent in (10, 50, 100):
        out.write(f"{percent}%\r")
    out.finish()
    assert sink.texts[-1] == "100%"


def test_a_line_without_end_takes_no_memory():
    out, sink = stream(limit=100 * LINE_LIMIT)
    for _ in range(3 * LINE_LIMIT // 1024):
        out.write("x" * 1024)
    assert len(out._pending) <= LINE_LIMIT
    out.finish()
    assert sum(map(len, sink.texts)) == 3 * LINE_LIMIT
    assert max(map(len, sink.texts)) <= LINE_LIMIT


def test_what_is_over_the_limit_is_told_with_its_last_hundred_lines():
    out, sink = stream(limit=1000)
    for number in range(10_000):
        out.write(f"line {number}\n")
    assert sum(len(text) + 1 for text in sink.texts) <= 1000
    out.finish()
    assert sink.texts[-1] == "line 9999"
    assert sink.texts[-100] == "line 9900"
    note = sink.texts[-101]
    live = len(sink.texts) - 101
    assert note.startswith(f"… {10_000 - live - 100:,} lines (") and note.endswith("the last 100 follow …")


def test_little_left_out_is_given_in_full():
    out, sink = stream(limit=30)
    for number in range(20):
        out.write(f"line {number}\n")
    out.finish()
    assert [text for text in sink.texts if text.startswith("line")] == [
        f"line {number}" for number in range(20)
    ]
    assert not any("left out" in text for text in sink.texts)


def test_a_process_prints_marked_lines_and_its_subprocess_beside_them(tmp_path):
    program = """
import subprocess, sys
from duet.log_marker import marked_output
print("before")
with marked_output("t", SPOOL) as output:
    print("one"); print("two", file=sys.stderr); sys.stdout.buffer.write("drei ü\\n".encode())
    subprocess.run([sys.executable, "-c", "print('child')"], stdout=sys.stdout, check=True)
    with marked_output("t") as inner: print("four", end="")
    assert inner is output
assert output.lines == 4, output.lines
print("after")
"""
    spool = tmp_path / "spool.txt"
    done = subprocess.run(
        [sys.executable, "-c", program.replace("SPOOL", repr(str(spool)))],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.stdout.split("\n") == [
        "before",
        "\x1et\x1fone\x1f",
        "\x1et\x1fdrei ü\x1f",
        "child",
        "\x1et\x1ffour\x1f",
        "after",
        "",
    ]
    assert done.stderr == "\x1et\x1ftwo\x1f\n"
    assert sorted(spool.read_text().split("\n")) == ["drei ü", "four", "one", "two"]


def test_streams_come_back_after_an_exception():
    before = sys.stdout, sys.stderr
    try:
        with marked_output("t"):
            raise KeyError("x")
    except KeyError:
        pass
    assert (sys.stdout, sys.stderr) == before
