import { encodeField, replaceFields } from "../grpc/fields.ts";
import { USER_ID_FIELD, USER_NAME_FIELD } from "../grpc/methods.ts";
import type { Identity } from "./identity.ts";

/**
 * The `user_context` that drivers get: the user of the credential in place of whom the client says it is; its
 * extensions stay.
 * @throws {BrokenMessageError} when the client's is no message.
 */
export function userContext({ userId }: Identity, claimed: Buffer | undefined): Buffer {
  const user = Buffer.from(userId);
  const said = new Map([
    [USER_ID_FIELD, user],
    [USER_NAME_FIELD, user],
  ]);
  if (claimed !== undefined) return replaceFields(claimed, said);
  return Buffer.concat([...said].map(([number, value]) => encodeField(number, value)));
}
