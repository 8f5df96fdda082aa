"""Server: serves the contract of `gongzhi` as GraphQL over HTTP."""
