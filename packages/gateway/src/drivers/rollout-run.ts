import type { RolloutStep } from "./rollout-step.ts";

/** A rollout that is under way. */
export interface Rollout {
  /** What happens, as it happens; ends with the error that has ended the rollout. */
  readonly steps: AsyncIterable<RolloutStep>;
  /** Resolves when it is over, however that came. */
  readonly ended: Promise<void>;
}

/**
 * Begins a rollout. It goes on by itself, whether or not somebody reads: to leave off in the middle of a driver would leave
 * that driver stopped. When the reader goes, or `stop` is aborted, the signal of `work` is.
 */
export function startRollout(
  work: (step: (step: RolloutStep) => void, signal: AbortSignal) => Promise<void>,
  stop: AbortSignal | undefined,
): Rollout {
  const reader = new AbortController();
  const signal = stop === undefined ? reader.signal : AbortSignal.any([stop, reader.signal]);
  const ended = Promise.withResolvers<undefined>();
  const steps = new ReadableStream<RolloutStep>({
    start: (controller) => {
      const tell = (step: RolloutStep) => {
        if (!reader.signal.aborted) controller.enqueue(step);
      };
      const run = async () => {
        try {
          await work(tell, signal);
          if (!reader.signal.aborted) controller.close();
        } catch (error) {
          if (!reader.signal.aborted) controller.error(error);
        } finally {
          ended.resolve(undefined);
        }
      };
      void run();
    },
    cancel: () => {
      reader.abort();
    },
  });
  return { steps, ended: ended.promise };
}
