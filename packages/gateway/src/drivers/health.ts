import { randomUUID } from "node:crypto";
import { SparkConnectService } from "@duet/spark-connect/wire";
import type { DriverConnection } from "../proxy/driver-connection.ts";
import { unaryCall } from "../proxy/unary-call.ts";

/** Set in the gateway's own session on each driver. */
const KEY = "spark.duet.gateway.life";

const USER = { userId: "duet-gateway", userName: "duet-gateway" };

/** Thrown when a driver answers, but is not the one that it was: it has been started anew behind its address. */
export class DriverRestartedError extends Error {
  override readonly name = "DriverRestartedError";
}

/**
 * Tells by real calls whether a driver lives: a setting in a session of the gateway's own is written once and read
 * again by each check. An open port would say nothing about a driver that hangs; a query would wait behind others.
 */
export class HealthCheck {
  readonly #driver: DriverConnection;
  readonly #timeout: number;
  readonly #sessionId = randomUUID();
  readonly #life = randomUUID();

  /** `timeout` is how many milliseconds the driver has for each call. */
  constructor(driver: DriverConnection, timeout: number) {
    this.#driver = driver;
    this.#timeout = timeout;
  }

  /** The first check: gives the version of Spark that the driver says. */
  async first(): Promise<string> {
    const { config, analyzePlan } = SparkConnectService.method;
    const head = { sessionId: this.#sessionId, userContext: USER };
    const pairs = [{ key: KEY, value: this.#life }];
    const set = { ...head, operation: { opType: { case: "set" as const, value: { pairs } } } };
    await unaryCall(this.#driver, config, set, this.#timeout);
    const ask = { ...head, analyze: { case: "sparkVersion" as const, value: {} } };
    const { result } = await unaryCall(this.#driver, analyzePlan, ask, this.#timeout);
    return result.case === "sparkVersion" ? result.value.version : "";
  }

  /**
   * A later check.
   * @throws {DriverRestartedError} it has forgotten the gateway's session.
   */
  async again(): Promise<void> {
    const operation = {
      opType: { case: "getWithDefault" as const, value: { pairs: [{ key: KEY, value: "" }] } },
    };
    const request = { sessionId: this.#sessionId, userContext: USER, operation };
    const { pairs } = await unaryCall(
      this.#driver,
      SparkConnectService.method.config,
      request,
      this.#timeout,
    );
    if (pairs[0]?.value !== this.#life) {
      throw new DriverRestartedError(`the driver ${this.#driver.name} has been started anew`);
    }
  }
}
