import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { findPython } from "./find-python.mjs";

const folder = mkdtempSync(join(tmpdir(), "duet-python-"));
const { PATH, DUET_PYTHON_BASE } = process.env;
after(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  process.env.PATH = PATH;
  if (DUET_PYTHON_BASE === undefined) delete process.env.DUET_PYTHON_BASE;
  else process.env.DUET_PYTHON_BASE = DUET_PYTHON_BASE;
});

function command(name, body) {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
  return join(folder, name);
}

test("a Python of this machine is found by running it", async () => {
  const python = await findPython();
  assert.ok(python.minor >= 10 && python.minor <= 13);
});

test("stand-ins that do not run and versions that do not fit are passed over, and named when none fits", async () => {
  command("python3.13", 'echo "version manager: not installed" >&2; exit 127');
  command("python3.12", 'printf "3\\t9\\tCPython\\t/x\\n"');
  command("python3.11", 'printf "3\\t11\\tPyPy\\t/x\\n"');
  command("python3.10", "exit 0");
  delete process.env.DUET_PYTHON_BASE;
  process.env.PATH = folder;
  await assert.rejects(findPython(), (problem) => {
    assert.deepEqual(problem.details, [
      "python3.13: does not run",
      "python3.12: CPython 3.9",
      "python3.11: PyPy 3.11",
      "python3.10: is no Python",
      "python3: not found",
      "python: not found",
    ]);
    assert.match(problem.remedy, /install one/);
    return true;
  });
});

test("DUET_PYTHON_BASE is taken at its word", async () => {
  process.env.DUET_PYTHON_BASE = command("mine", 'printf "3\\t12\\tCPython\\t/opt/mine\\n"');
  assert.equal((await findPython()).path, "/opt/mine");
  await assert.rejects(findPython(13), /DUET_PYTHON_BASE names no CPython from 3\.13/);
});
