"""How `personalize()` picks: one module an algorithm, and its first lines are its definition.

`ranked(call)` gives numbers of the library's items, the strongest first, among those that `call.allowed` has.
`strength(call, posted)` says how strong each item of a posted list is: the larger the first, equal ones stay as they were
posted, and None leaves the item out.
"""
