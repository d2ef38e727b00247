/**
 * A gateway in a process of its own, with drivers at fixed addresses: `node replica.ts JSON`, where the JSON is a
 * {@link ReplicaOptions}. It prints its port, and then each event as a line of JSON, until it is killed.
 */
import { driverAt } from "../drivers/launcher.ts";
import { startGateway } from "../gateway.ts";
import type { StoreOptions } from "../store/open-store.ts";
import { untilState } from "./started-gateway.ts";

/** What a replica is started with. */
export interface ReplicaOptions {
  readonly store: StoreOptions;
  readonly drivers: readonly { readonly id: string; readonly host: string; readonly port: number }[];
  readonly watch: {
    readonly interval: number;
    readonly timeout: number;
    readonly failures: number;
    readonly pause: number;
    readonly stable: number;
  };
}

const [, , text = "{}"] = process.argv;
const { store, drivers, watch } = JSON.parse(text) as ReplicaOptions;
const gateway = await startGateway({ store, watch });
gateway.events.listen((event) => process.stdout.write(`${JSON.stringify(event)}\n`));
for (const { id, host, port } of drivers) gateway.pool.add({ id }, driverAt({ host, port }));
for (const { id } of drivers) await untilState(gateway, id, "ready");
process.stdout.write(`${new URL(gateway.url.replace("sc:", "http:")).port}\n`);
