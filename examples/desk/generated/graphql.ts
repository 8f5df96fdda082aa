/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A case to accept; of a recording, what it says (受理诉求). */
export type AcceptCaseInput = {
  /** What the recording says, for a case without a description (录音内容). */
  description?: string | null | undefined;
  /** The version you saw; if it has grown since, nothing is done (预期版本). */
  expectedVersion: number;
  /** Your own name for this request, the same when it is sent again: it is carried out once (幂等键). */
  idempotencyKey: string;
  /** What is to be remembered of this step (备注). */
  note?: string | null | undefined;
  /** The case's number (编号). */
  number: string;
  /** The title of a case that has none yet (needsTitle); `editCase` changes others (拟定标题). */
  title?: string | null | undefined;
};

/** Where a case stands (诉求状态). */
export type CaseStatus =
  /** Accepted (已受理) */
  | 'ACCEPTED'
  /** Closed for good (已结案) */
  | 'CLOSED'
  /** Not accepted, with the reason (不予受理) */
  | 'DECLINED'
  /** Given to a unit (已派单) */
  | 'DISPATCHED'
  /** Being handled (办理中) */
  | 'HANDLING'
  /** Part of another case about the same matter (已并单) */
  | 'MERGED'
  /** Settled and answered (已答复) */
  | 'REPLIED'
  /** Reported, not yet looked at (已上报) */
  | 'REPORTED'
  /** Given back by the unit (已退单) */
  | 'RETURNED'
  /** On hold, with a term (挂账) */
  | 'SUSPENDED'
  /** Void, by approval (已作废) */
  | 'VOIDED'
  /** Withdrawn by the requester (已撤回) */
  | 'WITHDRAWN';

export type DeskQueryVariables = Exact<{ [key: string]: never; }>;


export type DeskQuery = { me: { account: string } | null, cases: { totalCount: number, nodes: Array<{ id: string, number: string, version: number, title: string, status: CaseStatus, dueAt: string | null, grid: { name: string } | null }> } };

export type AcceptMutationVariables = Exact<{
  input: AcceptCaseInput;
}>;


export type AcceptMutation = { acceptCase: { case: { id: string, status: CaseStatus, version: number } | null, errors: Array<{ code: string, message: string, path: Array<string> }> } | null };

export type EventsSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type EventsSubscription = { caseEvents: { cursor: string, type: string } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const DeskDocument = new TypedDocumentString(`
    query Desk {
  me {
    account
  }
  cases(
    filter: {status: {in: [REPORTED, ACCEPTED, RETURNED]}}
    orderBy: DUE_AT_ASC
    first: 20
  ) {
    totalCount
    nodes {
      id
      number
      version
      title
      status
      dueAt
      grid {
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<DeskQuery, DeskQueryVariables>;
export const AcceptDocument = new TypedDocumentString(`
    mutation Accept($input: AcceptCaseInput!) {
  acceptCase(input: $input) {
    case {
      id
      status
      version
    }
    errors {
      code
      message
      path
    }
  }
}
    `) as unknown as TypedDocumentString<AcceptMutation, AcceptMutationVariables>;
export const EventsDocument = new TypedDocumentString(`
    subscription Events {
  caseEvents {
    cursor
    type
  }
}
    `) as unknown as TypedDocumentString<EventsSubscription, EventsSubscriptionVariables>;