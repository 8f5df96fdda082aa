async def test_tree_there(server):
    a = await server.ask('{ grid(code:"610921") { name children { totalCount } people(first:1) { totalCount } } }')
    print(a)
