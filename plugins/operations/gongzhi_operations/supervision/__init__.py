"""Supervision (催办、督办、挂牌督办): somebody above wants an answer, by rule or by hand."""
