import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SparkConnectService } from "@duet/spark-connect/wire";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import { DriverStatusError, unaryCall } from "../proxy/unary-call.ts";

/**
 * Who else has a driver's default catalogue:
 * - `session`: nobody, it ends with the session (Sail);
 * - `driver`: the other sessions of the same driver (Apache Spark with `spark.sql.catalogImplementation=in-memory`);
 * - `shared`: other drivers too (a Hive metastore).
 */
export type CatalogReach = "session" | "driver" | "shared";

/** What a driver says of itself. */
export interface DriverFacts {
  /** Of Spark, as the driver says it. */
  readonly version: string;
  /** Told apart by it: two starts of a driver, however they are reached. The same for every gateway. */
  readonly life: string;
  readonly catalog: CatalogReach;
}

/** The gateway's own setting in its own session on drivers that have no name for their life. */
const TOKEN = "spark.duet.gateway.life";

const APPLICATION = "spark.app.id";
const STARTED = "spark.app.startTime";
const CATALOG = "spark.sql.catalogImplementation";

const USER = { userId: "duet-gateway", userName: "duet-gateway" };

/** How drivers answer for a session that has ended: Sail, then Apache Spark. It never comes back. */
const SESSION_OVER = /session \S+ is not running|INVALID_HANDLE\.SESSION_(CLOSED|CHANGED)/u;

/** So many sessions of the gateway's own may have ended on one driver. */
const LAST_GENERATION = 1_000;

/** Milliseconds in which gateways that find a driver without a token at the same time have all set theirs. */
const SETTLED = 100;

/** Thrown when a driver answers, but is not the one that it was: it has been started anew behind its address. */
export class DriverRestartedError extends Error {
  override readonly name = "DriverRestartedError";
}

/**
 * Tells by real calls whether a driver lives, and whether it is still the same one. An open port would say nothing about
 * a driver that hangs; a query would wait behind others. Apache Spark names its life itself (application and start). Into
 * Sail a token is put, in a session whose id all gateways know, so that a gateway that was restarted finds it again.
 */
export class HealthCheck {
  readonly #driver: DriverConnection;
  readonly #timeout: number;
  #generation = 0;
  #life: string | undefined;

  /** `timeout` is how many milliseconds the driver has for each call. */
  constructor(driver: DriverConnection, timeout: number) {
    this.#driver = driver;
    this.#timeout = timeout;
  }

  /** The first check. */
  async first(): Promise<DriverFacts> {
    let values = await this.#read(this.#driver);
    if (lifeOf(values) === undefined) {
      await this.#setToken();
      await sleep(SETTLED);
      values = await this.#read(this.#driver);
    }
    const life = lifeOf(values);
    if (life === undefined) throw new Error(`the driver ${this.#driver.name} does not keep its settings`);
    this.#life = life;
    return { version: await this.#version(), life, catalog: catalogOf(values) };
  }

  /**
   * A later check, by default over the connection that calls take.
   * @throws {DriverRestartedError}
   */
  async again(connection = this.#driver): Promise<void> {
    if (lifeOf(await this.#read(connection)) !== this.#life) {
      throw new DriverRestartedError(`the driver ${this.#driver.name} has been started anew`);
    }
  }

  async #read(connection: DriverConnection): Promise<ReadonlyMap<string, string | undefined>> {
    const keys = [APPLICATION, STARTED, CATALOG, TOKEN];
    const operation = { opType: { case: "getOption" as const, value: { keys } } };
    for (;;) {
      try {
        const { config } = SparkConnectService.method;
        const { pairs } = await unaryCall(connection, config, { ...this.#head(), operation }, this.#timeout);
        return new Map(pairs.map(({ key, value }) => [key, value]));
      } catch (error) {
        if (!isSessionOver(error) || this.#generation === LAST_GENERATION) throw error;
        this.#generation += 1;
      }
    }
  }

  async #setToken(): Promise<void> {
    const { config } = SparkConnectService.method;
    const pairs = [{ key: TOKEN, value: randomUUID() }];
    const operation = { opType: { case: "set" as const, value: { pairs } } };
    await unaryCall(this.#driver, config, { ...this.#head(), operation }, this.#timeout);
  }

  async #version(): Promise<string> {
    const { analyzePlan } = SparkConnectService.method;
    const ask = { ...this.#head(), analyze: { case: "sparkVersion" as const, value: {} } };
    const { result } = await unaryCall(this.#driver, analyzePlan, ask, this.#timeout);
    return result.case === "sparkVersion" ? result.value.version : "";
  }

  #head(): { readonly sessionId: string; readonly userContext: typeof USER } {
    return { sessionId: sessionId(this.#generation), userContext: USER };
  }
}

/** Whether a driver's error says that a session has ended there for good. */
export function isSessionOver(error: unknown): boolean {
  return error instanceof DriverStatusError && SESSION_OVER.test(error.message);
}

/** The id of the gateways' own session on every driver, as a UUID (version 8, RFC 9562). */
function sessionId(generation: number): string {
  const hash = createHash("sha256").update(`duet-gateway health ${generation}`).digest();
  hash.writeUInt8(0x80 | (hash.readUInt8(6) & 0x0f), 6);
  hash.writeUInt8(0x80 | (hash.readUInt8(8) & 0x3f), 8);
  const hex = hash.toString("hex", 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function lifeOf(values: ReadonlyMap<string, string | undefined>): string | undefined {
  const application = values.get(APPLICATION);
  return application === undefined
    ? values.get(TOKEN)
    : `${application} ${values.get(STARTED) ?? "at an unknown time"}`;
}

function catalogOf(values: ReadonlyMap<string, string | undefined>): CatalogReach {
  if (values.get(APPLICATION) === undefined) return "session";
  return values.get(CATALOG) === "in-memory" ? "driver" : "shared";
}
