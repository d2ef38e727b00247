/** A value that JSON can hold: what tasks take as arguments and give back as results. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
