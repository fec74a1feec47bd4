"""Pages about access: before a tenant is chosen (entrance, operator), and inside one (members)."""
