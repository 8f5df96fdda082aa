/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What is asked (诉求类型). */
export type CaseKind =
  /** A complaint (投诉) */
  | 'COMPLAINT'
  /** A question (咨询) */
  | 'CONSULT'
  /** A request for help (求助) */
  | 'HELP'
  /** A suggestion (建议) */
  | 'SUGGESTION'
  /** A tip-off about misconduct; sealed (举报) */
  | 'TIP_OFF';

/** Whether somebody asked, or it was found before anybody had to (来源方式). */
export type CaseOrigin =
  /** Found beforehand (未诉先办) */
  | 'PROACTIVE'
  /** Somebody asked (接诉即办) */
  | 'REACTIVE';

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

/** How soon somebody must look (紧急程度). */
export type CaseUrgency =
  /** At once (特急) */
  | 'EMERGENCY'
  /** In the usual time (一般) */
  | 'ROUTINE'
  /** Soon (紧急) */
  | 'URGENT';

/** The coordinate system of a position; all are kept in CGCS2000 (坐标系). */
export type Crs =
  /** China Geodetic Coordinate System 2000 (国家大地坐标系) */
  | 'CGCS2000'
  /** What Chinese map services give (火星坐标) */
  | 'GCJ02'
  /** What satellite receivers give (GPS 坐标) */
  | 'WGS84';

/** A position, with the coordinate system it is in (位置). */
export type PointInput = {
  /** The coordinate system of these numbers (坐标系). */
  crs: Crs;
  /** Degrees north (纬度). */
  latitude: number;
  /** Degrees east (经度). */
  longitude: number;
};

/** A matter to be reported (上报诉求). */
export type ReportCaseInput = {
  /** Where, in words (地址). */
  address?: string | null | undefined;
  /** The unit a tip-off or complaint is against, by its code (被反映单位). */
  against?: string | null | undefined;
  /** Keep the requester unnamed (匿名). */
  anonymous?: boolean;
  /** What the uploads of its files answered, 9 at most (附件标识). */
  attachments?: Array<string | number>;
  /** What it is about, as a category's code (分类代码). */
  category: string;
  /** How it arrives, as a channel's code (渠道代码). */
  channel: string;
  /** The matter; may be left out with a recording, too (描述). */
  description?: string | null | undefined;
  /** The closed case this one continues (前一诉求编号). */
  follows?: string | null | undefined;
  /** In which grid, if there is no place (网格编码). */
  grid?: string | null | undefined;
  /** Your own name for this request, the same when it is sent again: it is carried out once (幂等键). */
  idempotencyKey: string;
  /** What is asked (类型). */
  kind: CaseKind;
  /** Whether somebody asked (来源方式). */
  origin?: CaseOrigin;
  /** Where; the grid is found from it (位置). */
  place?: PointInput | null | undefined;
  /** Who asks, if it is filed on their behalf (诉求人). */
  requester?: string | number | null | undefined;
  /** In a few words; may be left out with a recording among the files (标题). */
  title?: string | null | undefined;
  /** How soon somebody must look (紧急程度). */
  urgency?: CaseUrgency;
};

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { account: string, role: string | null } | null };

export type GridQueryVariables = Exact<{
  code: string;
}>;


export type GridQuery = { grid: { id: string, name: string, children: { nodes: Array<{ code: string, name: string }> } } | null };

export type ReportMutationVariables = Exact<{
  input: ReportCaseInput;
}>;


export type ReportMutation = { reportCase: { receiptCode: string | null, case: { number: string, status: CaseStatus, version: number } | null, errors: Array<{ code: string, message: string, path: Array<string> }> } | null };

export type FollowSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type FollowSubscription = { caseEvents: { cursor: string, type: string, case: { number: string, status: CaseStatus } | null } };

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

export const MeDocument = new TypedDocumentString(`
    query Me {
  me {
    account
    role
  }
}
    `) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
export const GridDocument = new TypedDocumentString(`
    query Grid($code: String!) {
  grid(code: $code) {
    id
    name
    children(first: 2) {
      nodes {
        code
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<GridQuery, GridQueryVariables>;
export const ReportDocument = new TypedDocumentString(`
    mutation Report($input: ReportCaseInput!) {
  reportCase(input: $input) {
    case {
      number
      status
      version
    }
    receiptCode
    errors {
      code
      message
      path
    }
  }
}
    `) as unknown as TypedDocumentString<ReportMutation, ReportMutationVariables>;
export const FollowDocument = new TypedDocumentString(`
    subscription Follow($after: String) {
  caseEvents(after: $after) {
    cursor
    type
    case {
      number
      status
    }
  }
}
    `) as unknown as TypedDocumentString<FollowSubscription, FollowSubscriptionVariables>;