"""Declaring: the words that a GraphQL schema over tables is written in."""
