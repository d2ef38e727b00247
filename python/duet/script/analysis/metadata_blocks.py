"""Inline script metadata, `# /// script` (PEP 723)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def metadata_blocks(source: bytes) -> list[dict[str, Any]]:
    """The `script` blocks of a file: their text without the comment signs, and the line of their first mark.

    More than one is the user's mistake, and theirs to be told.
    """
    if b"# /// script" not in source:
        return []
    lines = source.decode("utf-8", "replace").splitlines()
    found: list[dict[str, Any]] = []
    index = 0
    while index < len(lines):
        if lines[index].rstrip() == "# /// script":
            end = _end(lines, index)
            if end is not None:
                text = "\n".join(line[2:] for line in lines[index + 1 : end])
                found.append({"text": text, "line": index + 1})
                index = end
        index += 1
    return found


def _end(lines: list[str], start: int) -> int | None:
    """The line of the closing mark: the last `# ///` of the comment that begins here."""
    last = None
    for index in range(start + 1, len(lines)):
        line = lines[index].rstrip()
        if line != "#" and not line.startswith("# "):
            break
        if line == "# ///":
            last = index
    return last
