/**
 * Thrown when set-up cannot go on for a reason that a person can mend.
 * `details` are the failing tool's own last lines, `remedy` says what to do.
 */
export class Problem extends Error {
  constructor(message, { remedy, details = [], exitCode = 1, cause } = {}) {
    super(message, { cause });
    this.name = "Problem";
    this.remedy = remedy;
    this.details = details;
    this.exitCode = exitCode;
  }

  /** The lines that a terminal prints. */
  lines() {
    const lines = [`error: ${this.message}`];
    if (this.details.length > 0) lines.push("", ...this.details.map((line) => `  │ ${line}`), "");
    if (this.remedy) lines.push(`what to do: ${this.remedy}`);
    return lines;
  }
}

const causes = [
  {
    pattern: /ENOSPC|no space left|disk quota exceeded/i,
    what: () => "the disk is full",
    remedy: () => "free some space and run the same command again; it goes on where it stopped",
  },
  {
    pattern: /EINTEGRITY|hash mismatch|do not match the hashes|HashMismatch/i,
    what: (registry) => `what ${registry} sent is not what the lock file expects`,
    remedy: (registry) =>
      `clear the download cache (npm cache clean --force, or uv cache clean) and try again; ` +
      `if it stays, something between this machine and ${registry} changes files`,
  },
  {
    pattern: /\b(E?401|E?403|E?407)\b|unauthorized|forbidden|proxy authentication/i,
    what: (registry) => `${registry} refuses this machine`,
    remedy: (registry, settings) =>
      `check the credentials and the address that this machine uses for ${registry} (set by: ${settings})`,
  },
  {
    pattern: /self.signed certificate|CERT_|certificate verify failed|invalid peer certificate/i,
    what: (registry) => `the certificate of ${registry} is not trusted here`,
    remedy: () =>
      "name the company's certificate file: NODE_EXTRA_CA_CERTS for npm, SSL_CERT_FILE for uv, PIP_CERT for pip",
  },
  {
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET|connection refused|could not connect|error sending request|timed out|name resolution|dns error|Max retries exceeded|Network is unreachable/i,
    what: (registry) => `${registry} cannot be reached`,
    remedy: (registry, settings) =>
      `check the network and the proxy; where only a mirror can be reached, name it: ${settings}`,
  },
  {
    pattern: /from versions: none/i,
    what: (registry) => `what this machine uses as ${registry} knows no version of a locked package`,
    remedy: (registry, settings) =>
      `it cannot be reached or is no package index: check its address, or name another: ${settings}`,
  },
  {
    pattern: /\bE?404\b|No matching distribution|no version of|not found in the package registry/i,
    what: (registry) => `${registry} does not have a locked version`,
    remedy: (registry, settings) =>
      `a mirror may lag behind: check which address this machine uses for ${registry} (set by: ${settings})`,
  },
];

const settingsOf = {
  npm: "npm config set registry ADDRESS",
  PyPI: "the environment variables PIP_INDEX_URL and UV_DEFAULT_INDEX",
  "Maven Central": "a mirror in Maven's settings.xml",
  Debian: "apt's list of sources",
};

/** Where in the tool its error came up: of no use to the person who runs it. */
const STACK_FRAME = /^(npm (error|ERR!))?\s+at \S/;

/** Turns the failure of a package tool into a person's words; `registry` is one of `settingsOf`. */
export function explainInstall(what, registry, failure) {
  const text = failure.lines.join("\n");
  const found = causes.find(({ pattern }) => pattern.test(text));
  return new Problem(
    found ? `${what} failed: ${found.what(registry)}` : `${what} failed (${failure.reason})`,
    {
      details: failure.lines.filter((line) => !STACK_FRAME.test(line)).slice(-10),
      remedy: found
        ? found.remedy(registry, settingsOf[registry])
        : "the lines above are the tool's own; mend what they name and run the same command again",
      cause: failure,
    },
  );
}
