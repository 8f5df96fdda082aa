"""Views: the desk of whoever fills and signs returns, and of who is asked for what nobody knows."""

from __future__ import annotations

from gongzhi.plugin.views import View, ViewKind

RETURNS = """
query FormReturns(
  $first: Int!, $after: String, $filter: FormReturnFilter = {state: {equals: OPEN}}
) {
  formReturns(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id form { title } grid { name } state beginsOn endsOn dueOn signing }
    pageInfo { hasNextPage endCursor }
  }
  all: formReturns(first: 0) { counts(by: [STATE]) { values count } }
}
"""
RETURN = """
query FormReturn($id: ID!) {
  node(id: $id) {
    ... on FormReturn {
      id version form { id title } grid { name } state round beginsOn endsOn dueOn filledAt signing
      cells(first: 100) { position title value unit source takenAt objected }
      steps(first: 30) { act level at account reason }
      actions { name label allowed reason }
    }
  }
}
"""
INQUIRIES = """
query FormInquiries($first: Int!, $after: String, $filter: FormInquiryFilter = {answered: {equals: false}}) {
  formInquiries(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id code question grid { name } beginsOn endsOn askedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
INQUIRY = """
query FormInquiry($id: ID!) {
  node(id: $id) {
    ... on FormInquiry {
      id version code grid { name } question beginsOn endsOn askedAt value answeredAt
      actions { name label allowed reason }
    }
  }
}
"""
FORMS = """
query Forms($first: Int!, $after: String, $filter: FormFilter = {inForce: {equals: true}}) {
  forms(first: $first, after: $after, filter: $filter) {
    totalCount
    nodes { id title code number level rhythm grid { name } inForce declaredAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""
FORM = """
query Form($id: ID!) {
  node(id: $id) {
    ... on Form {
      id version code number title basis level rhythm grid { name } unit { name } inForce hasTemplate declaredAt
      triedAt retiredAt
      actions { name label allowed reason }
    }
  }
}
"""
OVERDUE = """
query FormReturnsOverdue {
  formReturns(first: 0, filter: {overdue: {equals: true}}) { totalCount }
}
"""
VIEW, ANSWER = "forms.view", "forms.answer"

VIEWS = (
    View("forms.overdue", "Returns overdue (逾期报表)", OVERDUE, VIEW, ViewKind.COUNTER, opens="forms.returns"),
    View("forms.returns", "Returns (报表填报)", RETURNS, VIEW, opens="forms.return", forms=("openFormReturn",)),
    View("forms.return", "A return (报表详情)", RETURN, VIEW, ViewKind.DETAIL),
    View("forms.inquiries", "Questions (待答提问)", INQUIRIES, ANSWER, opens="forms.inquiry"),
    View("forms.inquiry", "A question (提问详情)", INQUIRY, ANSWER, ViewKind.DETAIL),
    View("forms.forms", "Forms (报表目录)", FORMS, VIEW, opens="forms.form"),
    View("forms.form", "A form (报表声明详情)", FORM, VIEW, ViewKind.DETAIL),
)
