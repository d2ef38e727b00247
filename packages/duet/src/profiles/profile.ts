/** Where Spark is: one of the embedded ones, or a Spark Connect server of the company. */
export type ProfileSpark =
  | { readonly kind: "sail" }
  | { readonly kind: "apache" }
  | {
      readonly kind: "remote";
      /** `sc://host:port`, never with a token in it. */
      readonly url: string;
      readonly token?: string;
      /** Certificates of the authorities to trust, as PEM; those of the machine where there are none. */
      readonly authorities?: string;
    };

/** Where a Ray cluster answers; each address serves another purpose and may be left out. */
export interface ProfileRay {
  /** The Jobs API (the dashboard's address), `http://host:8265`: ordinary scripts run there as Ray jobs. */
  readonly jobs?: string;
  /** The head's GCS, `host:6379`, or a Ray Client server, `ray://host:10001`: for a driver that runs here (`--here`). */
  readonly address?: string;
  /** Ray's authentication token, for both of the above; absent where the cluster asks for none. */
  readonly token?: string;
  /** A bridge (`http://host:port`): MLSQL scripts reach Ray through it. */
  readonly bridge?: { readonly url: string; readonly token: string };
  /** The Python of the cluster's Ray nodes, where `python` on their path is another one. */
  readonly python?: string;
  /** That Python has PySpark: a script that asks for no packages needs no environment of its own. */
  readonly pyspark?: boolean;
}

/** Which engines a run uses, as `duet.toml` says under one name. */
export interface Profile {
  readonly name: string;
  /** The file that it stands in; absent for the built-in `embedded`. */
  readonly file?: string;
  readonly spark: ProfileSpark;
  /** Absent: the embedded one-node Ray. */
  readonly ray?: ProfileRay;
  /** An absolute path that Spark, Ray and the script reach; absent: what is too large to be passed on cannot be. */
  readonly lake?: string;
}

/** The profile that is always there: Sail and a one-node Ray on this machine. */
export const EMBEDDED_PROFILE: Profile = { name: "embedded", spark: { kind: "sail" } };

/** The address of a Spark Connect server with its token, as Spark's clients take it. */
export function sparkConnectUrl({ url, token }: { readonly url: string; readonly token?: string }): string {
  if (token === undefined) return url;
  const [, base = "", parameters = ""] = /^([^;]*?)\/*((?:;[^;]*)*?);*$/su.exec(url) ?? [];
  return `${base}/${parameters};token=${encodeURIComponent(token)}`;
}
