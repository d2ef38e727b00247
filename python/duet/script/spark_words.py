"""What PySpark's own error messages do not say: what to do about them under Duet."""

from __future__ import annotations

from duet.script.context import context

CLASSIC = "`duet run --spark classic {script}` runs it on a classic driver, which has that."

ADVICE = {
    "JVM_ATTRIBUTE_NOT_SUPPORTED": CLASSIC,
    "CONTEXT_UNAVAILABLE_FOR_REMOTE_CLIENT": CLASSIC,
    "NOT_IMPLEMENTED": "If it is a part of classic Spark (RDDs, SparkContext): `duet run --spark classic {script}`.",
    "NO_ACTIVE_SESSION": "A DataFrame lives as long as the session that made it: if that one was stopped, make the "
    "DataFrame again from a new session.",
}
"""By PySpark's error class: a sentence that follows its message."""


def say_what_to_do() -> None:
    """Adds the advice to PySpark's messages, for this process."""
    from pyspark.errors.error_classes import ERROR_CLASSES_MAP

    known = context()
    script = (known.script if known is not None else None) or "script.py"
    for error_class, advice in ADVICE.items():
        message = ERROR_CLASSES_MAP.get(error_class, {}).get("message")
        text = advice.replace("{script}", script.rpartition("/")[2])
        if message and text not in message:
            message.append(text)
