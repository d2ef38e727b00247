import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { after, test } from "node:test";
import { RayJobsError } from "./jobs-error.ts";
import { RayJobs } from "./ray-jobs.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers as a test says, in place of Ray's: for what a real one does only when something breaks. */
async function serve(answer: Answer): Promise<{ jobs: RayJobs } & AsyncDisposable> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const jobs = new RayJobs({ url: `http://127.0.0.1:${address.port}`, token: "secret" });
  return {
    jobs,
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

const open: AsyncDisposable[] = [];
after(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
});

async function jobsWith(answer: Answer): Promise<RayJobs> {
  const served = await serve(answer);
  open.push(served);
  return served.jobs;
}

const failures: readonly (readonly [what: string, status: number, body: string, code: string])[] = [
  ["no token", 401, "Unauthorized", "jobs-unauthorized"],
  ["a wrong token", 403, "Forbidden: Invalid authentication token", "jobs-unauthorized"],
  ["another program", 404, "404: Not Found", "jobs-not-ray"],
  ["a page", 200, "<html>", "jobs-not-ray"],
  ["an agent that is not up", 500, "No available agent to submit job, please try again later.", "jobs-busy"],
  ["an unknown job", 404, "Job x does not exist", "job-unknown"],
  ["a refusal", 400, "Traceback\nValueError: the id is taken", "job-refused"],
  [
    "a refusal by the agent",
    500,
    "Request failed with status code 400: …\nValueError: the id is taken\n.",
    "job-refused",
  ],
  ["a failure", 500, "Traceback\nKeyError: 'x'", "jobs-failed"],
];
for (const [what, status, body, code] of failures) {
  test(`${what} becomes ${code}`, async () => {
    const jobs = await jobsWith((_, response) => response.writeHead(status).end(body));
    await assert.rejects(jobs.get("x"), (error) => {
      assert.ok(error instanceof RayJobsError);
      assert.equal(error.code, code);
      if (code === "job-refused") assert.match(error.message, /the id is taken/u);
      return true;
    });
  });
}

test("the token goes with every call, and a package that is there is not sent again", async () => {
  const calls: string[] = [];
  const jobs = await jobsWith((request, response) => {
    assert.equal(request.headers.authorization, "Bearer secret");
    calls.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const missing = request.method === "GET" && calls.length === 1;
    request.resume().on("end", () => {
      response.writeHead(missing ? 404 : 200).end(missing ? "Package gcs://a.zip does not exist" : "");
    });
  });
  const bytes = (): Promise<Uint8Array> => Promise.resolve(Buffer.from("zip"));
  assert.equal(await jobs.upload("a.zip", bytes), "gcs://a.zip");
  assert.equal(await jobs.upload("a.zip", bytes), "gcs://a.zip");
  const path = "/api/packages/gcs/a.zip";
  assert.deepEqual(calls, [`GET ${path}`, `PUT ${path}`, `GET ${path}`]);
});

test("a log whose connection breaks goes on where it was, and is whole when the job is over", async () => {
  const log = "one\ntwo\nthree\n";
  let streams = 0;
  const jobs = await jobsWith((request, response) => {
    if (request.url?.startsWith("/api/jobs/") === true) {
      const status = streams < 2 ? "RUNNING" : "SUCCEEDED";
      response.end(JSON.stringify({ submission_id: "j", status, entrypoint: "", driver_node_id: "n" }));
    } else if (request.url?.startsWith("/api/v0/logs/stream") === true) {
      streams += 1;
      response.write(log.slice(0, streams === 1 ? 5 : 9), () => {
        if (streams === 1) response.destroy();
      });
    } else {
      response.end(log);
    }
  });
  const lost: string[] = [];
  let text = "";
  for await (const bytes of jobs.log("j", { follow: true, onLost: ({ code }) => lost.push(code) })) {
    text += Buffer.from(bytes).toString();
  }
  assert.equal(text, log);
  assert.deepEqual(lost, ["jobs-unreachable"]);
});

test("a cluster that was never reached is not waited for", async () => {
  await using jobs = new RayJobs({ url: "http://127.0.0.1:9" });
  await assert.rejects(jobs.log("j", { follow: true }).next(), { code: "jobs-unreachable" });
});
