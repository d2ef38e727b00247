import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandFailure } from "./command.mjs";
import { explainInstall } from "./problem.mjs";

const cases = [
  ["npm", ["npm error code ECONNREFUSED", "npm error errno ECONNREFUSED"], /npm cannot be reached/],
  ["npm", ["npm error code E401", "npm error Unable to authenticate"], /npm refuses this machine/],
  ["npm", ["npm error code EINTEGRITY"], /not what the lock file expects/],
  ["npm", ["npm error code ENOSPC", "npm error nospc no space left on device"], /the disk is full/],
  ["npm", ["npm error code E404", "npm error 404 Not Found"], /does not have a locked version/],
  [
    "PyPI",
    ["error: Failed to fetch: `x`", "  Caused by: dns error: failed to lookup"],
    /PyPI cannot be reached/,
  ],
  ["PyPI", ["Hash mismatch for `ray==2.60.0`"], /not what the lock file expects/],
  ["PyPI", ["  Caused by: invalid peer certificate: UnknownIssuer"], /certificate of PyPI is not trusted/],
  [
    "PyPI",
    [
      "WARNING: Retrying after connection broken: Connection refused",
      "ERROR: No matching distribution found",
    ],
    /PyPI cannot be reached/,
  ],
  ["PyPI", ["something nobody has seen before"], /failed \(exit code 2\)/],
];
for (const [registry, lines, expected] of cases) {
  test(`${registry}: ${lines[0]}`, () => {
    const problem = explainInstall("installing", registry, new CommandFailure("tool", "exit code 2", lines));
    assert.match(problem.message, expected);
    assert.ok(problem.remedy.length > 20, "it says what to do");
    assert.deepEqual(problem.details, lines, "the tool's own words stay");
  });
}

test("stack frames of a tool are left out of its words", () => {
  const lines = [
    "npm error code EACCES",
    "npm error     at Socket.onError (net.js:1)",
    "    at run (a.js:2)",
  ];
  const problem = explainInstall("installing", "npm", new CommandFailure("npm", "exit code 1", lines));
  assert.deepEqual(problem.details, ["npm error code EACCES"]);
});
