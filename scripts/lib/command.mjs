import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/** Thrown when a command fails: `lines` is the end of what it printed, `reason` how it ended. */
export class CommandFailure extends Error {
  constructor(command, reason, lines) {
    super(`${command} failed (${reason})`);
    this.name = "CommandFailure";
    this.reason = reason;
    this.lines = lines;
  }
}

const running = new Set();

/** Ends every command that still runs, for an interrupted set-up. */
export function endCommands(signal = "SIGTERM") {
  for (const child of running) child.kill(signal);
}

/**
 * Runs a command, hands each printed line to `onLine`, and resolves with its standard output.
 * @throws {CommandFailure} when it cannot be started or does not end with 0.
 */
export function run(command, args, { cwd = root, env = {}, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let output = "";
    const lines = [];
    const take = (text) => {
      for (const line of text.split(/\r\n|[\r\n]/)) {
        if (line.trim() === "") continue;
        lines.push(line);
        if (lines.length > 200) lines.shift();
        onLine(line);
      }
    };
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (chunk) => {
        if (stream === child.stdout) output += chunk;
        const end = Math.max(chunk.lastIndexOf("\n"), chunk.lastIndexOf("\r"));
        if (end < 0) {
          rest += chunk;
          return;
        }
        take(rest + chunk.slice(0, end));
        rest = chunk.slice(end + 1);
      });
      stream.on("end", () => take(rest));
    }
    child.on("error", (error) => {
      running.delete(child);
      reject(new CommandFailure(command, error.message, lines));
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      if (code === 0) resolve(output);
      else reject(new CommandFailure(command, signal ? `ended by ${signal}` : `exit code ${code}`, lines));
    });
  });
}

/** Runs a command on this terminal and resolves with its exit code; 130 when Ctrl-C ended it. */
export function runHere(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" });
    running.add(child);
    // The terminal sends Ctrl-C to the child too: it decides when it is done.
    const wait = () => {};
    process.on("SIGINT", wait);
    const pass = () => child.kill("SIGTERM");
    process.on("SIGTERM", pass);
    const settle = () => {
      running.delete(child);
      process.off("SIGINT", wait);
      process.off("SIGTERM", pass);
    };
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settle();
      resolve(code ?? (signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 1));
    });
  });
}
