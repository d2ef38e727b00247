import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Driver } from "./index.ts";
import {
  BUSY_CLIENTS,
  type ClientAnswer,
  SESSION_CLIENTS,
  startPythonClients,
} from "./testing/python-clients.ts";
import { type StartedGateway, startTestGateway, untilState } from "./testing/started-gateway.ts";
import { driverProcess, endingDriver } from "./testing/test-drivers.ts";

const DRIVERS = { sail: ["one", "two", "three"], apache: ["one", "two"] } as const;

/** Kills of a driver under clients that are at work. */
const KILLS = 6;

for (const kind of ["sail", "apache"] as const) {
  describe(`stock clients of ${kind} whose drivers are restarted and killed`, () => {
    let gateway: StartedGateway;
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "duet-faults-"));
      gateway = await startTestGateway({ watch: { pause: 50, stable: 0 } });
      for (const id of DRIVERS[kind]) gateway.pool.add({ id }, await gateway.launcher(kind, id));
      await Promise.all(DRIVERS[kind].map((id) => untilState(gateway, id, "ready")));
    });
    after(async () => {
      await gateway[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    /** Lets clients work while something is done, and gives how that went. */
    const work = async (
      name: string,
      clients: number,
      meanwhile: () => Promise<void>,
    ): Promise<ClientAnswer & { readonly told: string }> => {
      const files = join(folder, name);
      await using busy = await startPythonClients(BUSY_CLIENTS, gateway.url, String(clients), files);
      await busy.ask({ do: "begin" });
      await meanwhile();
      const answer = await busy.ask({ do: "end" });
      return Object.assign({ told: busy.told() }, answer);
    };

    const processOf = (id: string): number => {
      const driver = gateway.pool.drivers.find((one) => one.id === id);
      return driverProcess(driver?.connection);
    };

    test("no operation fails and every write is there once while all drivers are restarted in turn", async () => {
      const lives = gateway.pool.drivers.map(({ life }) => life);
      const answer = await work("restarted", 4, async () => {
        for await (const step of gateway.pool.restartRolling()) {
          if (step.type === "stopped") assert.equal(step.sessionsLeft, 0);
        }
      });
      assert.ok(!gateway.pool.drivers.some(({ life }) => lives.includes(life)));
      const { failed, unknown, lost, miscounted, writes = 0, told } = answer;
      assert.deepEqual(
        { failed, unknown, lost, miscounted },
        { failed: 0, unknown: 0, lost: 0, miscounted: 0 },
        told,
      );
      assert.ok(writes > 4, `${String(writes)} writes`);
    });

    test("sessions go on with all that they have when their driver is killed", async () => {
      await using clients = await startPythonClients(SESSION_CLIENTS, gateway.url, kind);
      await clients.ask({ do: "open", count: 4 });
      const kill = processOf("one");
      const back = untilState(gateway, "one", "lost").then(() => untilState(gateway, "one", "ready"));
      const { goOn } = await clients.ask({ do: "ask", kill, atOnce: 4 });
      assert.equal(goOn, 4, clients.told());
      await clients.ask({ do: "close" });
      await back;
    });

    // On Apache Spark each start of a driver costs many seconds; the ways of the gateway are the same.
    if (kind === "sail") {
      test("no write is run twice while drivers are killed, and only what cannot be made again fails", async () => {
        const {
          failed,
          miscounted,
          writes = 0,
          told,
        } = await work("killed", 4, async () => {
          for (let count = 0; count < KILLS; count += 1) {
            const id = DRIVERS.sail[count % DRIVERS.sail.length] ?? "";
            const back = untilState(gateway, id, "lost").then(() => untilState(gateway, id, "ready"));
            process.kill(processOf(id), "SIGKILL");
            await back;
          }
        });
        assert.deepEqual({ failed, miscounted }, { failed: 0, miscounted: 0 }, told);
        assert.ok(writes > 4, `${String(writes)} writes`);
      });

      test("sessions go on when their drivers are upgraded, and when that is rolled back", async () => {
        await using clients = await startPythonClients(SESSION_CLIENTS, gateway.url, kind);
        await clients.ask({ do: "open", count: 6 });
        const launcher = ({ id }: Driver) =>
          id === "three" ? endingDriver() : gateway.launcher(kind, `next ${id}`);
        await assert.rejects(Array.fromAsync(gateway.pool.upgrade({ launcher })), { code: "upgrade-failed" });
        const afterwards = await clients.ask({ do: "ask", kill: 0, atOnce: 6 });
        assert.equal(afterwards.goOn, 6, clients.told());
        const newest = ({ id }: Driver) => gateway.launcher(kind, `newest ${id}`);
        await Array.fromAsync(gateway.pool.upgrade({ launcher: newest }));
        const upgraded = await clients.ask({ do: "ask", kill: 0, atOnce: 6 });
        assert.equal(upgraded.goOn, 6, clients.told());
        await clients.ask({ do: "close" });
      });
    }
  });
}
