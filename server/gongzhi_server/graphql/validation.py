"""Validation: asks of a document only the rules that something written in it can break."""

from __future__ import annotations

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentsOnCompositeTypesRule,
    GraphQLError,
    GraphQLSchema,
    KnownArgumentNamesRule,
    KnownDirectivesRule,
    KnownFragmentNamesRule,
    KnownTypeNamesRule,
    LoneAnonymousOperationRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    OperationType,
    PossibleFragmentSpreadsRule,
    SingleFieldSubscriptionsRule,
    Token,
    TokenKind,
    UniqueArgumentNamesRule,
    UniqueDirectivesPerLocationRule,
    UniqueFragmentNamesRule,
    UniqueInputFieldNamesRule,
    UniqueOperationNamesRule,
    UniqueVariableNamesRule,
    ValuesOfCorrectTypeRule,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
    specified_rules,
    validate,
)
from graphql.validation import (
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    StreamDirectiveOnListField,
)

ARGUMENTS, VARIABLES, DIRECTIVES, SPREADS = TokenKind.PAREN_L, TokenKind.DOLLAR, TokenKind.AT, TokenKind.SPREAD
FRAGMENTS, SEVERAL, SUBSCRIPTION = "fragments", "several operations", "subscription"

SUBJECTS: dict[object, tuple[type[ASTValidationRule], ...]] = {
    ARGUMENTS: (KnownArgumentNamesRule, UniqueArgumentNamesRule, UniqueInputFieldNamesRule, ValuesOfCorrectTypeRule),
    VARIABLES: (
        KnownTypeNamesRule,
        NoUndefinedVariablesRule,
        NoUnusedVariablesRule,
        UniqueVariableNamesRule,
        VariablesAreInputTypesRule,
        VariablesInAllowedPositionRule,
    ),
    DIRECTIVES: (
        DeferStreamDirectiveLabel,
        DeferStreamDirectiveOnRootField,
        DeferStreamDirectiveOnValidOperationsRule,
        KnownDirectivesRule,
        StreamDirectiveOnListField,
        UniqueDirectivesPerLocationRule,
    ),
    SPREADS: (
        FragmentsOnCompositeTypesRule,
        KnownFragmentNamesRule,
        KnownTypeNamesRule,
        PossibleFragmentSpreadsRule,
    ),
    FRAGMENTS: (
        FragmentsOnCompositeTypesRule,
        KnownTypeNamesRule,
        NoFragmentCyclesRule,
        NoUnusedFragmentsRule,
        UniqueFragmentNamesRule,
    ),
    SEVERAL: (LoneAnonymousOperationRule, UniqueOperationNamesRule),
    SUBSCRIPTION: (SingleFieldSubscriptionsRule,),
}
"""What has to stand in a document for a rule to find anything wrong. Rules that are not named here are always asked.

Each rule costs something at every node, and most documents have neither fragments nor directives.
"""
BOUND = frozenset(rule for rules in SUBJECTS.values() for rule in rules)


def validate_document(schema: GraphQLSchema, document: DocumentNode, most: int) -> list[GraphQLError]:
    """Return what is wrong with a document, at most so many errors: the same as by all the rules."""
    return validate(schema, document, choose_rules(document), max_errors=most)


def choose_rules(document: DocumentNode) -> list[type[ASTValidationRule]]:
    """Return the rules that may find anything in a document, in their order."""
    kinds = {type(one) for one in document.definitions}
    # Types and directives have no place in an operation's document; whoever sends some is told by every rule.
    if document.loc is None or kinds - {OperationDefinitionNode, FragmentDefinitionNode}:
        return list(specified_rules)
    subjects = find_subjects(document, document.loc.start_token)
    asked = {rule for subject in subjects for rule in SUBJECTS.get(subject, ())}
    return [rule for rule in specified_rules if rule in asked or rule not in BOUND]


def find_subjects(document: DocumentNode, token: Token | None) -> set[object]:
    """Return what stands in a document, of that which rules are about."""
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    found: set[object] = set()
    if len(operations) < len(document.definitions):
        found.add(FRAGMENTS)
    if len(operations) > 1:
        found.add(SEVERAL)
    if any(one.operation is OperationType.SUBSCRIPTION for one in operations):
        found.add(SUBSCRIPTION)
    # The tokens are there already, and to go through them is much less than to go through the tree.
    while token:
        found.add(token.kind)
        token = token.next
    return found
