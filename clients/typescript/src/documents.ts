// Documents: what generators make of an operation, and what is sent of it.

/** What TypedDocumentNode, TypedDocumentString and the documents of gql.tada carry: the types of data and variables. */
export interface DocumentTypes<Data, Variables> {
  __apiType?: (variables: Variables) => Data;
}

/** A typed document, or the text of one. */
export type Document<Data, Variables> = string | DocumentTypes<Data, Variables>;

/** Variables in which the key of the input may be left out: the client makes one. */
export type Keyless<Variables> = Variables extends { input: infer Input extends { idempotencyKey: unknown } }
  ? Omit<Variables, "input"> & { input: Omit<Input, "idempotencyKey"> & Partial<Pick<Input, "idempotencyKey">> }
  : Variables;

/** Variables, which may be left out where there are none, and options. */
export type Rest<Variables, Options> = {} extends Variables
  ? [variables?: Variables, options?: Options]
  : [variables: Variables, options?: Options];

/** Turns a syntax tree into text; `print` of the package graphql is one. */
export type Print = (document: any) => string;

/** Return the text of a document. Throws TypeError for a syntax tree where no `print` was given. */
export function readText(document: Document<any, any>, print?: Print): string {
  if (typeof document === "string" || document instanceof String) return String(document);
  if (!print) throw new TypeError("The document is a syntax tree: give the client `print` of the package graphql.");
  return print(document);
}
