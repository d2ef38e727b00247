"""The bridge: one small program beside Ray that offers tasks, objects, tables, logs and events over HTTP.

It is a Ray driver with a web server. Policy lives with its client (`packages/ray`); users' code runs in Ray's
workers only. Wire protocol: `connection.py` (a WebSocket with batched JSON messages) and `tables.py` (Arrow).
"""
