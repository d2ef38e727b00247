"""The names of a module: what binds them, in which scope, and what the bound values are.

Flow is left aside: a name that is bound twice is both, and one that may be anything is unknown.
"""

from __future__ import annotations

import ast
import builtins
from contextlib import suppress

from duet.script.analysis.kinds import (
    OTHER,
    UNKNOWN,
    Imported,
    Instance,
    Kind,
    LocalModule,
    UserClass,
    UserFunction,
    annotated,
    attribute,
    called,
    is_spark,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LITERALS = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp),
    *(ast.DictComp, ast.GeneratorExp, ast.Compare),
)


class Module:
    """A file of the script, read."""

    def __init__(self, file: str, tree: ast.Module, resolve: Callable[[int, str], Module | None]) -> None:
        """`resolve` gives the module beside the script that an import names: its level, its dotted name."""
        self.file = file
        self.tree = tree
        self.resolve = resolve
        self.scope = Scope(self, None)
        self.inner: dict[ast.AST, Scope] = {}
        """The scopes of its functions, classes and comprehensions."""


class Scope:
    """A module, a class, a function or a comprehension with the names that it binds."""

    def __init__(self, module: Module, parent: Scope | None, of: ast.AST | None = None) -> None:
        self.module = module
        self.parent = parent
        self.of = of
        self.bindings: dict[str, list[Callable[[], Kind]]] = {}
        self.outer: set[str] = set()
        """Names that `global` and `nonlocal` have given away."""
        self.returns: list[ast.expr | None] = []
        self.is_generator = False
        self.class_scope: Scope | None = None
        """Of a method: its class."""
        self._known: dict[int, Kind] = {}

    def bind(self, name: str, value: Callable[[], Kind]) -> None:
        """Adds a value that the name may have."""
        home: Scope = self
        while name in home.outer and home.parent is not None:
            home = home.parent
        home.bindings.setdefault(name, []).append(value)

    def lookup(self, name: str) -> Kind:
        """What a name is when it is read here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bindings and (scope is self or not isinstance(scope.of, ast.ClassDef)):
                return joined(value() for value in scope.bindings[name])
            scope = scope.parent
        return Imported(f"builtins.{name}") if hasattr(builtins, name) else UNKNOWN

    def kind(self, node: ast.expr) -> Kind:
        """What an expression is that stands in this scope."""
        key = id(node)
        if key not in self._known:
            # What depends on itself, or on more than Python can follow, stays unknown.
            self._known[key] = UNKNOWN
            with suppress(RecursionError):
                self._known[key] = self._find(node)
        return self._known[key]

    def _find(self, node: ast.expr) -> Kind:
        if isinstance(node, _LITERALS):
            return OTHER
        if isinstance(node, ast.Name):
            return self.lookup(node.id)
        if isinstance(node, ast.Attribute):
            return member(self.kind(node.value), node.attr)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.NamedExpr):
            return self.kind(node.value)
        if isinstance(node, ast.IfExp):
            return joined(self.kind(branch) for branch in (node.body, node.orelse))
        if isinstance(node, ast.BoolOp):
            return joined(self.kind(value) for value in node.values)
        if isinstance(node, ast.Lambda):
            return UserFunction(node, self)
        if isinstance(node, ast.Subscript):
            return OTHER if _is_foreign(self.kind(node.value)) else UNKNOWN
        if isinstance(node, (ast.BinOp, ast.UnaryOp)):
            parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand]
            return OTHER if all(_is_foreign(self.kind(part)) for part in parts) else UNKNOWN
        return UNKNOWN

    def _call(self, node: ast.Call) -> Kind:
        function = self.kind(node.func)
        if isinstance(function, UserClass):
            return Instance(function)
        if isinstance(function, UserFunction):
            return result_of(function)
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        return called(function, any(not _is_foreign(self.kind(argument)) for argument in given))

    def annotation(self, node: ast.expr) -> Kind:
        """What a value with this annotation is."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.annotation(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return UNKNOWN
        if isinstance(node, ast.Constant):
            return OTHER
        if isinstance(node, ast.BinOp):
            return joined(self.annotation(side) for side in (node.left, node.right) if not _is_none(side))
        if isinstance(node, ast.Subscript):
            of = self.kind(node.value)
            if isinstance(of, Imported) and of.path == "typing.Optional":
                return self.annotation(node.slice)
            return OTHER if isinstance(of, Imported) and of.package == "builtins" else UNKNOWN
        return annotated(self.kind(node))


def member(owner: Kind, name: str) -> Kind:
    """What `owner.name` is."""
    if isinstance(owner, LocalModule):
        scope = owner.module.scope
        return scope.lookup(name) if name in scope.bindings else UNKNOWN
    if isinstance(owner, Instance):
        return _class_member(owner.of, name)
    if isinstance(owner, UserClass):
        return _class_member(owner, name)
    return attribute(owner, name)


def defines(of: UserClass, name: str) -> bool:
    """Whether a class of the user, or one of its bases, has an attribute of this name that is its own.

    True as well where no base can have it: such an object has nothing of Spark's.
    """
    scope = class_scope(of)
    if name in scope.bindings:
        return True
    for base in of.node.bases:
        kind = of.scope.kind(base)
        if isinstance(kind, UserClass):
            if kind is not of and not defines(kind, name):
                return False
        elif not _is_foreign(annotated(kind)):
            return False
    return True


def class_scope(of: UserClass) -> Scope:
    """The scope of a class of the user."""
    return of.scope.module.inner[of.node]


def _class_member(of: UserClass, name: str) -> Kind:
    scope = class_scope(of)
    if name in scope.bindings:
        return joined(value() for value in scope.bindings[name])
    bases = [of.scope.kind(base) for base in of.node.bases]
    return joined(member(base, name) if isinstance(base, UserClass) else UNKNOWN for base in bases)


def result_of(function: UserFunction) -> Kind:
    """What a call of a function of the user gives; a decorated one may give anything."""
    node = function.node
    if isinstance(node, ast.Lambda):
        return function.scope.module.inner[node].kind(node.body)
    return UNKNOWN if node.decorator_list else returned(node, function.scope)


def returned(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Kind:
    """What the body of a function gives that is defined in this scope."""
    if node.returns is not None:
        return scope.annotation(node.returns)
    inner = scope.module.inner[node]
    if inner.is_generator or not inner.returns:
        return OTHER
    return joined(OTHER if value is None else inner.kind(value) for value in inner.returns)


def joined(kinds: Iterable[Kind]) -> Kind:
    """What a value is that may be any of these."""
    found = list(kinds)
    for kind in found:
        if is_spark(kind):
            return kind
    known = [kind for kind in found if kind is not OTHER]
    if not known:
        return OTHER if found else UNKNOWN
    first = known[0]
    return first if all(_same(kind, first) for kind in known) and len(known) == len(found) else UNKNOWN


def _same(one: Kind, other: Kind) -> bool:
    if isinstance(one, Imported) and isinstance(other, Imported):
        return one.path == other.path
    if isinstance(one, Instance) and isinstance(other, Instance):
        return one.of.node is other.of.node
    return one is other


def _is_foreign(kind: Kind) -> bool:
    """Whether a value can have nothing of Spark's in it."""
    if isinstance(kind, Imported):
        return kind.package != "pyspark"
    return kind is OTHER or (isinstance(kind, Instance) and not kind.of.node.bases)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
