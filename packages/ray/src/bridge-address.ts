/** Where a bridge answers and what it wants to see with every call. */
export interface BridgeAddress {
  /** `http://host:port` */
  readonly url: string;
  readonly token: string;
  readonly signal?: AbortSignal;
}
