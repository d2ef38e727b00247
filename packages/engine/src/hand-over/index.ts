export { handBack } from "./hand-back.ts";
export { handOver } from "./hand-over.ts";
export { handedArgument, type HandedTable } from "./handed-table.ts";
