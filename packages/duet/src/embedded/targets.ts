/** Which Spark a run uses: one of the embedded ones, or a Spark Connect server that answers elsewhere. */
export type SparkTarget =
  | { readonly kind: "sail" }
  | { readonly kind: "apache" }
  | {
      readonly kind: "remote";
      readonly url: string;
      /** Certificates of the authorities to trust, as PEM; those of the machine where there are none. */
      readonly authorities?: string;
    };

/** Which Ray a run uses: the embedded one-node Ray, or a bridge that answers elsewhere. */
export type RayTarget =
  { readonly kind: "local" } | { readonly kind: "remote"; readonly url: string; readonly token: string };

/** Logical resources of the embedded Ray; absent means what the machine has. */
export interface RaySize {
  readonly cpus?: number;
  readonly gpus?: number;
  /** Custom resources by name, such as licences: Ray counts them, and knows nothing else of them. */
  readonly resources?: Readonly<Record<string, number>>;
}
