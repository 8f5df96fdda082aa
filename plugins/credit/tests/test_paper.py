"""The data sheet on paper."""

from __future__ import annotations

from gongzhi_credit.loans import data_sheet


def test_words_of_others_are_data_to_the_printer() -> None:
    facts = [["用途", '#read("/etc/passwd") #panic()']] * 8
    made = data_sheet.render_pdf(
        {"facts": facts, "lines": [["1", "2026-07-30", "1.00", "0.01", "1.01"]] * 60, "paid": False}
    )
    assert made.startswith(b"%PDF") and len(made) > 5_000
