"""Management: what machines ask of a process, on a port of its own: is it alive, is it ready, how is it doing."""
