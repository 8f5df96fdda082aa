"""Appraisals: scorecards, panels drawn by lot, their scores, grades and objections."""
