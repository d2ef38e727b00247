import { after } from "node:test";
import { runFixture } from "./run-fixture.ts";
import { statementsSuite } from "./statements-suite.ts";

const fixture = await runFixture();
after(() => fixture[Symbol.asyncDispose]());
statementsSuite(fixture);
