"""Plain HTTP beside `/graphql`: signing in, uploads, downloads, feeds, and routes of plugins."""
