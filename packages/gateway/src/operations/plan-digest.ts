import { createHash, webcrypto } from "node:crypto";
import { fields } from "../grpc/fields.ts";
import { EXECUTE_FIELDS } from "../grpc/methods.ts";

/** Plans above this many bytes are digested beside the calls that go on meanwhile. */
const LARGE = 256 * 1024;

/** What an ExecutePlan request says of its operation besides what its plan does. */
export interface OperationTraits {
  readonly tags: readonly string[];
  /** SHA-256 of the plan, hexadecimal. */
  readonly digest: string | Promise<string>;
}

/** Reads it, without decoding the plan. */
export function operationTraits(request: Buffer): OperationTraits {
  const tags: string[] = [];
  let plan: Buffer = Buffer.alloc(0);
  for (const { number, value } of fields(request)) {
    if (value === undefined) continue;
    if (number === EXECUTE_FIELDS.tags) tags.push(value.toString("utf8"));
    else if (number === EXECUTE_FIELDS.plan) plan = value;
  }
  return { tags, digest: digestOf(plan) };
}

function digestOf(plan: Buffer): string | Promise<string> {
  if (plan.length <= LARGE) return createHash("sha256").update(plan).digest("hex");
  return webcrypto.subtle
    .digest("SHA-256", plan as Uint8Array<ArrayBuffer>)
    .then((digest) => Buffer.from(digest).toString("hex"));
}
