import { type Logger, pino, stdTimeFunctions } from "pino";
import type { GatewayEvent, GatewayEvents } from "../events.ts";
import type { LineFile } from "./line-file.ts";

/** How much is logged: `debug` has a line for each call, `info` what happens to drivers and sessions. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A gateway's log: one JSON object a line, after pino. */
export type GatewayLog = Pick<Logger, "debug" | "info" | "warn" | "error">;

/** Makes a log that writes into a file. */
export function makeLog(file: LineFile, level: LogLevel): GatewayLog {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    file,
  );
}

/** Writes events into a log until it is disposed of; `requestId` is the `x-request-id` of a call. */
export function logEvents(events: GatewayEvents, log: GatewayLog): Disposable {
  return events.listen((event) => {
    // The statement is the audit trail's alone: a log goes further than data may.
    const fields = event.type === "operation-ended" ? { ...event, statement: undefined } : event;
    log[levelOf(event)](fields, describeEvent(event));
  });
}

/** An event in words, for a log or a terminal. */
export function describeEvent(event: GatewayEvent): string {
  switch (event.type) {
    case "call-ended":
      return `${event.method}: ${event.code ?? (event.status === undefined ? "the client has gone" : `status ${event.status}`)}`;
    case "operation-ended":
      return `${event.kind} on ${event.driverId} ${event.outcome === "unknown" ? "has an unknown outcome" : event.outcome}`;
    case "session-opened":
      return `session of ${userName(event)} opened on ${event.driverId}`;
    case "session-moved":
      return `session of ${userName(event)} moved from ${event.from} to ${event.to} (${event.because})`;
    case "session-ended":
      return `session of ${userName(event)} ended (${event.because})${because(event.reason)}`;
    case "session-pinned":
      return `session of ${userName(event)} cannot be moved${because(event.reason)}`;
    case "connection-refused":
      return `connection from ${event.address} refused${because(event.reason)}`;
    case "credentials-read":
      return event.error === undefined
        ? `${event.file} was read anew`
        : `${event.file} cannot be used, what was read before stays${because(event.error)}`;
    case "driver-changed":
      return `driver ${event.driverId} is ${event.state}${because(event.reason)}`;
  }
}

function levelOf(event: GatewayEvent): "debug" | "info" | "warn" {
  switch (event.type) {
    case "call-ended":
      // Codes are failures that the gateway itself has told; those of drivers are between them and their clients.
      return event.code === undefined ? "debug" : "warn";
    case "operation-ended":
      return event.outcome === "unknown" ? "warn" : "debug";
    case "session-ended":
      return event.because === "lost" ? "warn" : "info";
    case "credentials-read":
      return event.error === undefined ? "info" : "warn";
    case "driver-changed":
      return event.state === "lost" ? "warn" : "info";
    case "session-opened":
    case "session-moved":
    case "session-pinned":
    case "connection-refused":
      return "info";
  }
}

/** A client that is not asked who it is may say nothing. */
const userName = ({ userId }: { readonly userId: string }): string => (userId === "" ? "a client" : userId);

const because = (reason: string | undefined): string => (reason === undefined ? "" : `: ${reason}`);
