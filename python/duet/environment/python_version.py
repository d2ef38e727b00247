"""Whether an environment's Python is the cluster's: all tasks of a Ray cluster run on one Python version."""

from __future__ import annotations

import platform
import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from duet.environment.requirement import Place
from duet.errors import DuetError


def check_python(wanted: str | None, place: Place, cluster: str | None = None) -> None:
    """Check a wanted version (conda's `3.11`, `=3.11.*`; a project's `>=3.10,<3.13`) against the cluster's, `3.11.7`.

    Without `cluster`, that is this process's. Raises DuetError `environment-python` or `environment-invalid`.
    """
    if not wanted:
        return
    full = cluster or platform.python_version()
    here = ".".join(full.split(".")[:2])
    text = wanted.strip().lstrip("=").strip()
    try:
        if re.fullmatch(r"\d+(\.\d+|\.\*)*", text):
            # Tasks and the cluster must agree on the minor version; the last number is the cluster's own.
            parts = text.split(".")[:2]
            fits = "*" in parts or here.split(".")[: len(parts)] == parts
        else:
            fits = SpecifierSet(wanted).contains(full)
    except InvalidSpecifier as error:
        raise DuetError(
            "environment-invalid",
            f"The environment's Python version cannot be read: {wanted!r}",
            **place.details(),
        ) from error
    if not fits:
        raise DuetError(
            "environment-python",
            f"The environment asks for Python {text}, and the Ray cluster runs Python {here}: all tasks of a cluster "
            f"run on one Python version. Ask for {here}, or leave it out.",
            wanted=wanted,
            cluster=here,
            **place.details(),
        )
