import * as v from "valibot";
import { AdminError, type AdminErrorCode } from "./admin-error.ts";
import { failure, poolReport, progressLine } from "./messages.ts";
import type { DriverRequest, PoolProgress, RollingRequest } from "./pool-actions.ts";
import type { PoolReport } from "./pool-report.ts";

/** Where an admin listener is. */
export interface AdminAddress {
  /** `http://127.0.0.1:15003` */
  readonly url: string;
  readonly token: string;
}

/** Thrown when no admin listener answers, or what answers is none. */
export class AdminUnreachableError extends Error {
  override readonly name = "AdminUnreachableError";
}

/**
 * Asks a gateway's admin listener. Every method rejects with an {@link AdminError} for what the gateway refuses and
 * with an {@link AdminUnreachableError} when it does not answer.
 */
export class AdminClient {
  readonly #address: AdminAddress;

  constructor(address: AdminAddress) {
    this.#address = address;
  }

  async report(signal: AbortSignal): Promise<PoolReport> {
    const response = await this.#ask("GET", "/drivers", undefined, signal);
    return asReport(await response.json());
  }

  /** The pool, again whenever it changes. */
  async *watch(signal: AbortSignal): AsyncGenerator<PoolReport> {
    const response = await this.#ask("GET", "/drivers?watch", undefined, signal);
    for await (const line of lines(response)) yield asReport(JSON.parse(line));
  }

  async add(driver: DriverRequest, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", "/drivers", driver, signal);
  }

  /** Drains a driver and waits until it has stopped; aborting the signal leaves it draining. */
  drain(id: string, deadline: number | undefined, signal: AbortSignal): AsyncGenerator<PoolProgress> {
    const body = deadline === undefined ? {} : { deadline };
    return this.#steps(`/drivers/${encodeURIComponent(id)}/drain`, body, signal);
  }

  /** Restarts drivers one after the other; aborting the signal stops after the one that is under way. */
  restart(request: RollingRequest, signal: AbortSignal): AsyncGenerator<PoolProgress> {
    return this.#steps("/restart", request, signal);
  }

  /** Brings drivers to another version, as {@link restart} goes. */
  upgrade(
    request: RollingRequest & { readonly version: string },
    signal: AbortSignal,
  ): AsyncGenerator<PoolProgress> {
    return this.#steps("/upgrade", request, signal);
  }

  async *#steps(path: string, body: object, signal: AbortSignal): AsyncGenerator<PoolProgress> {
    const response = await this.#ask("POST", path, body, signal);
    for await (const text of lines(response)) {
      const line = v.parse(progressLine, JSON.parse(text));
      if (line.type === "done") return;
      if (line.type === "failed") throw new AdminError(line.code as AdminErrorCode, line.message);
      yield { driverId: line.driverId, text: line.text };
    }
    throw new AdminUnreachableError(`the gateway at ${this.#address.url} has gone before it was done`);
  }

  async #ask(method: string, path: string, body: object | undefined, signal: AbortSignal): Promise<Response> {
    const { url, token } = this.#address;
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, {
        ...{ method, signal, redirect: "error" },
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      signal.throwIfAborted();
      const { message } =
        (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
      throw new AdminUnreachableError(`no gateway answers at ${url}: ${message}`, { cause: error });
    }
    if (response.ok) return response;
    const told = v.safeParse(failure, await response.json().catch(() => undefined));
    if (told.success) throw new AdminError(told.output.code as AdminErrorCode, told.output.message);
    throw new AdminUnreachableError(`what answers at ${url} is no gateway (HTTP status ${response.status})`);
  }
}

function asReport(value: unknown): PoolReport {
  const { url, drivers } = v.parse(poolReport, value);
  return { url, drivers: drivers.map((driver) => ({ ...driver, version: driver.version })) };
}

async function* lines(response: Response): AsyncGenerator<string> {
  let rest = "";
  if (response.body === null) return;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
