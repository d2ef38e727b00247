import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { AdminClient, AdminUnreachableError } from "./admin-client.ts";
import { AdminError } from "./admin-error.ts";
import { AdminServer } from "./admin-server.ts";
import type { DriverRequest, PoolActions, PoolProgress, RollingRequest } from "./pool-actions.ts";
import type { DriverReport, Readiness } from "./pool-report.ts";

const TOKEN = "a-token-of-the-test";
const NEVER = new AbortController().signal;

const DRIVER: DriverReport = {
  ...{ id: "a", state: "ready", version: "4.2.0", pool: "default", sessions: 1, capacity: 10 },
  ...{ operations: 0, because: [] },
};

/** Actions whose results a test sets. */
class ScriptedActions implements PoolActions {
  drivers: readonly DriverReport[] = [DRIVER];
  readonly added: DriverRequest[] = [];
  readonly asked: unknown[] = [];
  readonly stopped = new EventTarget();
  steps: () => AsyncIterable<PoolProgress> = () => steps();

  report() {
    return { url: "sc://127.0.0.1:15002", drivers: this.drivers };
  }

  add(driver: DriverRequest): Promise<void> {
    if (driver.id === DRIVER.id)
      return Promise.reject(new AdminError("driver-exists", "there is a driver a already"));
    this.added.push(driver);
    return Promise.resolve();
  }

  drain(driverId: string, deadline: number | undefined): AsyncIterable<PoolProgress> {
    this.asked.push({ driverId, deadline });
    return this.steps();
  }

  restart(request: RollingRequest, signal: AbortSignal): AsyncIterable<PoolProgress> {
    this.asked.push(request);
    signal.addEventListener("abort", () => this.stopped.dispatchEvent(new Event("stopped")));
    return this.steps();
  }

  upgrade(request: RollingRequest & { readonly version: string }): AsyncIterable<PoolProgress> {
    this.asked.push(request);
    return this.steps();
  }
}

async function* steps(error?: Error): AsyncGenerator<PoolProgress> {
  yield { driverId: "a", text: "draining" };
  yield await Promise.resolve({ driverId: "a", text: "stopped" });
  if (error !== undefined) throw error;
}

const actions = new ScriptedActions();
let ready: Readiness = { ready: true };
const server = await AdminServer.listen({
  ...{ host: "127.0.0.1", port: 0, token: TOKEN, actions },
  metrics: { contentType: "text/plain", text: () => Promise.resolve("some_metric 1\n") },
  ready: () => ready,
});
after(() => server[Symbol.asyncDispose]());
const client = new AdminClient({ url: server.url, token: TOKEN });

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${path}`, { headers });

async function failure(work: Promise<unknown>): Promise<AdminError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof AdminError, String(error));
    return error;
  }
  return assert.fail("it was done");
}

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  return Array.fromAsync(items);
}

test("health, readiness and metrics are for everybody on this machine", async () => {
  assert.equal((await get("/healthz")).status, 200);
  assert.equal(await (await get("/metrics")).text(), "some_metric 1\n");
  assert.equal((await get("/readyz")).status, 200);
  ready = { ready: false, because: "no driver is ready: a is lost" };
  const response = await get("/readyz");
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "no driver is ready: a is lost\n");
});

test("drivers are for who has the token", async () => {
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: `Basic ${TOKEN}` }]) {
    const response = await get("/drivers", headers);
    assert.equal(response.status, 401);
    assert.equal(((await response.json()) as { code: string }).code, "admin-refused");
  }
  const stranger = new AdminClient({ url: server.url, token: "wrong" });
  assert.equal((await failure(stranger.report(NEVER))).code, "admin-refused");
});

test("the client gets the drivers as they are", async () => {
  const lost: DriverReport = { ...DRIVER, id: "b", state: "lost", version: undefined, because: ["killed"] };
  actions.drivers = [DRIVER, lost];
  assert.deepEqual(await client.report(NEVER), actions.report());
  actions.drivers = [DRIVER];
});

test("who watches gets the drivers again when they have changed, until the gateway ends or it goes", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const { drivers } of client.watch(stop.signal)) {
      seen.push(drivers[0]?.state ?? "none");
      if (seen.length === 1) actions.drivers = [{ ...DRIVER, state: "draining" }];
      else stop.abort(new Error("seen enough"));
    }
  }, /seen enough/u);
  assert.deepEqual(seen, ["ready", "draining"]);
  actions.drivers = [DRIVER];
});

test("a driver is added with all that was said of it; one of a taken name is refused", async () => {
  const driver = { id: "c", host: "10.0.0.7", port: 15_002, pool: "big", capacity: 5, version: "4.1" };
  await client.add(driver, NEVER);
  assert.deepEqual(actions.added, [driver]);
  assert.equal((await failure(client.add({ ...driver, id: "a" }, NEVER))).code, "driver-exists");
});

test("steps come one by one, and what goes wrong after them is told with its code", async () => {
  assert.deepEqual(await all(client.drain("a b", 500, NEVER)), [
    { driverId: "a", text: "draining" },
    { driverId: "a", text: "stopped" },
  ]);
  assert.deepEqual(actions.asked.at(-1), { driverId: "a b", deadline: 500 });
  actions.steps = () => steps(new AdminError("upgrade-failed", "the new driver does not start"));
  const error = await failure(all(client.upgrade({ pool: "big", version: "4.1.1" }, NEVER)));
  assert.deepEqual([error.code, error.message], ["upgrade-failed", "the new driver does not start"]);
  assert.deepEqual(actions.asked.at(-1), { pool: "big", version: "4.1.1" });
});

test("a client that goes stops a rolling restart after its step", async () => {
  actions.steps = async function* () {
    yield { driverId: "a", text: "draining" };
    await stopped;
    yield { driverId: "a", text: "never read" };
  };
  const stopped = once(actions.stopped, "stopped");
  for await (const step of client.restart({}, NEVER)) {
    assert.equal(step.text, "draining");
    break;
  }
  await stopped;
});

test("bodies that are no requests are refused with what is wrong", async () => {
  const post = (body: string, type = "application/json") =>
    fetch(`${server.url}/drivers`, {
      ...{ method: "POST", body },
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": type },
    });
  const cases: readonly (readonly [response: Response, message: RegExp])[] = [
    [await post("{"), /no JSON/u],
    [await post("{}", "text/plain"), /application\/json/u],
    [await post(JSON.stringify({ id: "../x", host: "h", port: 0, pool: "p", capacity: 1 })), /id: .*port: /u],
    [await post(JSON.stringify({ id: "x", extra: 1 })), /extra/u],
    [await post(`"${"x".repeat(100_000)}"`), /too large/u],
  ];
  for (const [response, message] of cases) {
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as { message: string }).message, message);
  }
  assert.equal((await get("/nothing", { authorization: `Bearer ${TOKEN}` })).status, 404);
});

test("a gateway that does not answer, and what is none, are told apart from refusals", async () => {
  const nobody = new AdminClient({ url: "http://127.0.0.1:1", token: TOKEN });
  await assert.rejects(nobody.report(NEVER), AdminUnreachableError);
});
