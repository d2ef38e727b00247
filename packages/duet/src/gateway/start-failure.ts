import { CredentialFileError, GatewayError } from "@duet/gateway";
import { ScriptEnvironmentError } from "@duet/python-script";
import { EngineStartError } from "../embedded/engine-start-error.ts";

/** What kept a gateway from starting as an error for people; what is no such thing is given back as it is. */
export function startFailure(cause: unknown): unknown {
  if (cause instanceof CredentialFileError) return failure("credentials-unusable", cause);
  if (cause instanceof ScriptEnvironmentError) return failure(cause.code, cause);
  if (cause instanceof GatewayError) return failure(cause.code, cause);
  if (!(cause instanceof Error)) return cause;
  const { code, syscall, address, port, path } = cause as ListenError;
  if (syscall === "listen" || syscall === "getaddrinfo") {
    const place = `${address ?? ""}${port === undefined ? "" : `:${port}`}`;
    if (code === "EADDRINUSE") {
      const help = "another gateway may run here (duet drivers ls); else name other ports: --listen, --admin";
      return new EngineStartError({ code: "port-taken", message: `${place} is taken`, help, cause });
    }
    return failure("address-unusable", cause, "name an address of this machine: --listen, --admin");
  }
  if (path !== undefined && code !== undefined) return failure("file-unusable", cause);
  return cause;
}

interface ListenError extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly port?: number;
}

function failure(code: string, cause: Error, help?: string): EngineStartError {
  return new EngineStartError({
    code,
    message: cause.message,
    cause,
    ...(help === undefined ? {} : { help }),
  });
}
