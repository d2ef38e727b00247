import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions } from "./data-frame.ts";
import type { ConfigRequest_OperationSchema, ConfigResponse } from "./generated/spark/connect/base_pb.js";
import type { SessionContext } from "./session-context.ts";

/** Settings of a session, e.g. `spark.sql.shuffle.partitions`. */
export class SessionConfiguration {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** The value of a setting, its default included; undefined if it has none. */
  async get(key: string, options?: CallOptions): Promise<string | undefined> {
    const { pairs } = await this.#call({ case: "getOption", value: { keys: [key] } }, options);
    return pairs[0]?.value;
  }

  /** Sets a setting for the rest of the session. */
  async set(key: string, value: string | number | boolean, options?: CallOptions): Promise<void> {
    await this.#call({ case: "set", value: { pairs: [{ key, value: String(value) }] } }, options);
  }

  /** Takes settings back to their defaults. */
  async unset(keys: string | readonly string[], options?: CallOptions): Promise<void> {
    await this.#call(
      { case: "unset", value: { keys: typeof keys === "string" ? [keys] : [...keys] } },
      options,
    );
  }

  /** All settings that are set and begin with `prefix`. */
  async getAll(prefix = "", options?: CallOptions): Promise<Readonly<Record<string, string>>> {
    const value = prefix === "" ? {} : { prefix };
    const { pairs } = await this.#call({ case: "getAll", value }, options);
    return Object.fromEntries(
      // Servers differ in whether they leave the prefix out of the keys.
      pairs.map((pair) => [
        pair.key.startsWith(prefix) ? pair.key : `${prefix}${pair.key}`,
        pair.value ?? "",
      ]),
    );
  }

  #call(opType: OperationType, options: CallOptions | undefined): Promise<ConfigResponse> {
    const { client } = this.#context;
    return client.call(options?.signal, (call) =>
      client.service.config({ ...client.requestBase(), operation: { opType } }, call),
    );
  }
}

type OperationType = NonNullable<MessageInitShape<typeof ConfigRequest_OperationSchema>["opType"]>;
