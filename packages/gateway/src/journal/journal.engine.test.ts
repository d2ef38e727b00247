import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { GatewayEvent } from "../events.ts";
import { type PythonClients, startPythonClients } from "../testing/python-clients.ts";
import { type StartedGateway, startTestGateway, untilState } from "../testing/started-gateway.ts";

const CLIENT = join(import.meta.dirname, "..", "testing", "journal_client.py");

type Answers = Readonly<Record<string, unknown>>;

/** The questions to which the answer is an error. */
function failed(answers: Answers): readonly unknown[] {
  return Object.entries(answers).filter(
    ([, answer]) => typeof answer === "object" && answer !== null && "error" in answer,
  );
}

for (const kind of ["sail", "apache"] as const) {
  describe(`the journal of a session of the stock client on ${kind}`, () => {
    let gateway: StartedGateway;
    let client: PythonClients;
    const events: GatewayEvent[] = [];
    const ask = async (request: "fill" | "ask" | "more"): Promise<Answers> => client.ask({ do: request });
    const add = async (id: string) => {
      gateway.pool.add({ id }, await gateway.launcher(kind, id));
      await untilState(gateway, id, "ready");
    };

    before(async () => {
      gateway = await startTestGateway();
      gateway.events.listen((event) => events.push(event));
      await add("one");
      const folder = join(gateway.folder, "client");
      await mkdir(folder);
      [client] = await Promise.all([startPythonClients(CLIENT, gateway.url, kind, folder), add("two")]);
    });
    after(async () => {
      await client[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    });

    test("makes on another driver all that the session had, and what is done to it after that", async () => {
      assert.deepEqual(failed(await ask("fill")), []);
      const told = await ask("ask");
      assert.deepEqual(failed(told), []);
      assert.deepEqual(
        events.filter(({ type }) => type === "session-pinned"),
        [],
      );

      const [session] = await gateway.store.sessions();
      const driver = session?.place?.driverId ?? assert.fail("the session has a place");
      await gateway.pool.drain(driver, 120_000);
      assert.deepEqual(await ask("ask"), told);
      const moves = () => events.filter(({ type }) => type === "session-moved");
      assert.equal(moves().length, 1);

      assert.deepEqual(failed(await ask("more")), []);
      const after = await ask("ask");
      assert.deepEqual(after.five, ["Row(c=7)"]);
      assert.notDeepEqual(after.zone, told.zone);
      if (kind === "sail") {
        await add("three");
        await gateway.pool.drain(driver === "one" ? "two" : "one", 120_000);
        assert.deepEqual(await ask("ask"), after);
        assert.equal(moves().length, 2);
      }
    });
  });
}
