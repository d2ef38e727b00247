import { GatewayError, StatusCode } from "../grpc/status.ts";
import type { Identity, Limits } from "./identity.ts";

/** What one user may take; what is not said has no bound. */
export interface UserLimits {
  /** Sessions that are open at once. */
  readonly sessions?: number;
  /** Operations that run at once, at one gateway. */
  readonly operations?: number;
  /** Bytes that one operation may deliver. */
  readonly resultBytes?: number;
}

/** Limits for everybody, and for some users others: those stand instead, each by itself. */
export interface LimitOptions extends UserLimits {
  readonly users?: Readonly<Record<string, UserLimits>>;
}

/** Keeps users within their limits, in memory. */
export function userLimits(options: LimitOptions): Limits {
  const { users = {}, ...everybody } = options;
  const running = new Map<string, number>();
  const limitsOf = ({ userId }: Identity): UserLimits =>
    Object.hasOwn(users, userId) ? { ...everybody, ...users[userId] } : everybody;
  return {
    checkSession: (identity, current) => {
      const { sessions } = limitsOf(identity);
      if (sessions === undefined || current < sessions) return;
      throw new GatewayError(
        "too-many-sessions",
        StatusCode.resourceExhausted,
        `${identity.userId} has ${current} sessions open, and may have ${sessions}: end one by spark.stop()`,
      );
    },
    beginOperation: (identity) => {
      const { userId } = identity;
      const { operations } = limitsOf(identity);
      const current = running.get(userId) ?? 0;
      if (operations !== undefined && current >= operations) {
        throw new GatewayError(
          "too-many-operations",
          StatusCode.resourceExhausted,
          `${userId} has ${current} operations running, and may have ${operations}: wait for one, or interrupt it`,
        );
      }
      running.set(userId, current + 1);
      let counted = true;
      return {
        [Symbol.dispose]: () => {
          if (!counted) return;
          counted = false;
          const left = (running.get(userId) ?? 0) - 1;
          if (left > 0) running.set(userId, left);
          else running.delete(userId);
        },
      };
    },
    largestResult: (identity) => limitsOf(identity).resultBytes,
  };
}
