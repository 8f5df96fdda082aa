// Documents of the page of one's own account.

export const ACCOUNT = `query MyAccount($name: String!) {
  me {
    account secondFactorSince recoveryCodesLeft
    sessions(first: 50) { nodes { id device methods createdAt usedAt expiresAt endedAt } }
  }
  account(name: $name) { identities { issuer subject linkedAt proposedAt } }
}`;

export const END_SESSION = `mutation EndMySession($input: EndSessionInput!) {
  endSession(input: $input) { session { id } errors { code message path } }
}`;

export const END_ALL = `mutation EndMySessions($input: SignOutEverywhereInput!) {
  signOutEverywhere(input: $input) { account { name } errors { code message path } }
}`;
