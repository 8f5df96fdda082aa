"""Second factors (动态验证码): where they are kept, and what the schema says of them; `auth` asks for their codes."""
