"""Mutations: carried out in one transaction each, with their reactions and payloads."""
