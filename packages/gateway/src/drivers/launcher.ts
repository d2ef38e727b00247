import type { DriverAddress } from "../proxy/driver-connection.ts";

/** A driver that has been started, or is there anyway. */
export interface LaunchedDriver extends AsyncDisposable {
  readonly address: DriverAddress;
  /** The folder that relative paths of the driver begin at, absolute; where it is not known, it is left out. */
  readonly workingFolder?: string;
  /** Processor time that it has had so far, in milliseconds; left out, or undefined, where nobody can tell. */
  processorTime?(): Promise<number | undefined>;
  /** Resolves with the reason, in words, when it has ended by itself; never for a driver that is not ours. */
  readonly ended: Promise<string>;
}

/** Where a driver comes from. Disposing of what it gives ends the driver, if it is ours to end. */
export interface DriverLauncher {
  /** Whether disposing of what it gives ends the driver, so that it can be started anew. */
  readonly ours: boolean;
  /** Starts it, without waiting until it answers; rejects when that cannot be done. */
  launch(signal: AbortSignal): Promise<LaunchedDriver>;
}

/** A driver that somebody else runs at a fixed address. */
export function driverAt(address: DriverAddress): DriverLauncher {
  return {
    ours: false,
    launch: () =>
      Promise.resolve({
        address,
        ended: new Promise<string>(() => undefined),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}
