import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { SparkConnectService } from "@duet/spark-connect/wire";
import { frameMessage, readMessages } from "../grpc/message-reader.ts";
import { answer, type ScriptedDriver, startScriptedDriver } from "./scripted-driver.ts";

const { config, executePlan, analyzePlan, releaseSession } = SparkConnectService.method;

/** A driver whose sessions hold settings and nothing else, over real HTTP/2. It keeps its life as Sail does. */
export interface SettingsDriver extends ScriptedDriver {
  /** What each session that it has is made of: `set key=value`, or the text of a statement. */
  readonly has: ReadonlyMap<string, readonly string[]>;
  /** The calls that it got, as they came, those of the gateway's own among them. */
  readonly calls: readonly { readonly headers: IncomingHttpHeaders; readonly message: Buffer }[];
  /** Sessions that were ended on it. */
  readonly released: readonly string[];
  /** Refuses the statement and setting with this text from now on, as an engine that lacks it does. */
  refuse(text: string): void;
  /** Ends a session as a driver does that has not heard of it for long. */
  expire(sessionId: string): void;
  /** Lets what changes a session wait from now on. */
  halt(): Halt;
}

/** A driver that has been halted. */
export interface Halt {
  /** Resolves when something waits. */
  readonly reached: Promise<unknown>;
  resume(): void;
}

/** Starts one. */
export async function startSettingsDriver(port = 0): Promise<SettingsDriver> {
  const has = new Map<string, string[]>();
  const settings = new Map<string, Map<string, string>>();
  const calls: { headers: IncomingHttpHeaders; message: Buffer }[] = [];
  const released: string[] = [];
  const expired = new Set<string>();
  const refused = new Set<string>();
  let wait = () => Promise.resolve<unknown>(undefined);

  const add = async (sessionId: string, text: string) => {
    await wait();
    if (refused.has(text)) throw new Error(`there is no ${text} here`);
    has.set(sessionId, [...(has.get(sessionId) ?? []), text]);
  };
  const onConfig = async (message: Buffer) => {
    const { sessionId, operation } = fromBinary(config.input, message);
    if (expired.has(sessionId)) throw new Error(`session ${sessionId} is not running`);
    const mine = settings.get(sessionId) ?? new Map<string, string>();
    settings.set(sessionId, mine);
    const op = operation?.opType;
    if (op?.case === "set") {
      for (const { key, value = "" } of op.value.pairs) {
        await add(sessionId, `set ${key}=${value}`);
        mine.set(key, value);
      }
    }
    const keys = op?.case === "getOption" ? op.value.keys : [];
    const pairs = keys.map((key) => {
      const value = mine.get(key);
      return value === undefined ? { key } : { key, value };
    });
    return encoded(config.output, { sessionId, serverSideSessionId: sessionId, pairs });
  };
  const onExecute = async (message: Buffer) => {
    const { sessionId, plan } = fromBinary(executePlan.input, message);
    const root = plan?.opType.case === "root" ? plan.opType.value.relType : undefined;
    if (root?.case === "sql") await add(sessionId, root.value.query);
    const done = { case: "resultComplete" as const, value: {} };
    return encoded(executePlan.output, { sessionId, serverSideSessionId: sessionId, responseType: done });
  };
  const onAnalyze = (message: Buffer) => {
    const { sessionId } = fromBinary(analyzePlan.input, message);
    const result = { case: "sparkVersion" as const, value: { version: "4.0.0" } };
    return encoded(analyzePlan.output, { sessionId, serverSideSessionId: sessionId, result });
  };
  const onRelease = (message: Buffer) => {
    const { sessionId } = fromBinary(releaseSession.input, message);
    released.push(sessionId);
    has.delete(sessionId);
    return encoded(releaseSession.output, { sessionId });
  };
  const methods: Readonly<Record<string, (message: Buffer) => Buffer | Promise<Buffer>>> = {
    Config: onConfig,
    ExecutePlan: onExecute,
    AnalyzePlan: onAnalyze,
    ReleaseSession: onRelease,
  };

  const serve = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const messages = await Array.fromAsync(readMessages(stream, { largest: 2 ** 20, encoding: undefined }));
    const path = headers[":path"] ?? "";
    const method = methods[path.slice(path.lastIndexOf("/") + 1)];
    const [message] = messages;
    if (message !== undefined) calls.push({ headers, message });
    if (stream.closed || stream.destroyed) return;
    if (method === undefined || message === undefined) {
      answer(stream, [], { "grpc-status": "12" });
      return;
    }
    try {
      answer(stream, [frameMessage(await method(message))]);
    } catch (error) {
      answer(stream, [], { "grpc-status": "13", "grpc-message": (error as Error).message });
    }
  };
  const driver = await startScriptedDriver((stream, headers) => {
    // A call that breaks off has nobody to be told.
    serve(stream, headers).catch(() => undefined);
  }, port);
  return {
    ...driver,
    has,
    calls,
    released,
    expire: (sessionId) => {
      expired.add(sessionId);
      has.delete(sessionId);
    },
    refuse: (text) => void refused.add(text),
    halt: () => {
      const reached = Promise.withResolvers<undefined>();
      const resumed = Promise.withResolvers<undefined>();
      wait = () => {
        reached.resolve(undefined);
        return resumed.promise;
      };
      return {
        reached: reached.promise,
        resume: () => {
          resumed.resolve(undefined);
        },
      };
    },
  };
}

function encoded<T extends DescMessage>(type: T, value: MessageInitShape<T>): Buffer {
  return Buffer.from(toBinary(type, create(type, value)));
}
