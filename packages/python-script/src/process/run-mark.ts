/** A text that stands in the environment of a run's processes, in `DUET_SCRIPT`, and in no other's. */
export const runMark = (run: string): string => `"run":"${run}"`;
